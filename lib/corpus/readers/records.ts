/** Records, such as lines of JSON and rows of tables, to documents. */
import { describe } from '../../errors.js';
import type { CorpusDocument } from '../document.js';
import { problemAt } from './problem.js';

/** Which fields of a record are what; all others are metadata. */
export interface RecordFields {
  /** The field of the text. Default `text`. */
  field?: string;
  /** The field of the id, a string or a number. Default: `id` where there is one, else the place of the record is the id. */
  id?: string;
}

/**
 * @param place names the record in messages, and where it has no id
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for a record without a text, or without the id that was asked for
 */
export function documentOf(
  record: Readonly<Record<string, unknown>>,
  place: string,
  { field = 'text', id }: RecordFields,
): CorpusDocument {
  const { [field]: text, [id ?? 'id']: found, ...metadata } = record;
  if (!Object.hasOwn(record, field)) {
    const fields = Object.keys(record).slice(0, 10).map(quoted).join(', ');
    throw problemAt(place, `there is no field ${quoted(field)} (option field); there are ${fields || 'none'}.`);
  }
  if (typeof text !== 'string') {
    throw problemAt(place, `expected a string in the field ${quoted(field)}, found ${describe(text)}.`);
  }
  const isName = (typeof found === 'string' && found !== '') || typeof found === 'number';
  if (id !== undefined && !isName) {
    throw problemAt(
      place,
      `expected a string or a number in the field ${quoted(id)} (option id), found ${describe(found)}.`,
    );
  }
  return { id: isName ? String(found) : place, text, metadata };
}

const quoted = (name: string) => JSON.stringify(name);
