/** What stores have in common: their space is kept with them, and what they know of a row beside its vector is one JSON text. */
import { invalidArgument, OvembedError } from '../../errors.js';
import { describeRow } from '../row.js';
import type { Match, VectorRow, VectorSpace } from '../sink.js';

/** Rows to a request. */
export const BATCH_ROWS = 500;

/**
 * @param place for the message
 * @param found what the store says of itself
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if its vectors cannot be compared with those of the space
 */
export function checkSpace(place: string, found: VectorSpace, wanted: VectorSpace): void {
  const isSame = found.fingerprint === wanted.fingerprint && found.dimensions === wanted.dimensions;
  if (isSame) return;
  const of = ({ model, dimensions, fingerprint }: VectorSpace) =>
    `${model} (${dimensions} dimensions, fingerprint ${fingerprint})`;
  const message = `${withoutPassword(place)}: holds vectors of ${of(found)}, not of ${of(wanted)}: name another place.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

export function spaceJson({ fingerprint, model, revision = null, dimensions, settings = {} }: VectorSpace): string {
  return JSON.stringify({ format: 'ovembed-index', fingerprint, model, revision, dimensions, settings });
}

/** @returns undefined for what `spaceJson` did not write */
export function parseSpace(json: unknown): VectorSpace | undefined {
  try {
    const { format, ...space } = JSON.parse(String(json)) as VectorSpace & { format?: unknown };
    return format === 'ovembed-index' ? space : undefined;
  } catch {
    return undefined;
  }
}

/** There is nothing that this library wrote. */
export function notAnIndex(place: string): OvembedError {
  const message = `${withoutPassword(place)}: there is no index here. \`ovembed index --sink\` makes one.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/** All of a row but its vector. */
export const rowJson = (row: VectorRow): string => JSON.stringify(describeRow(row));

export const matchOf = (json: string, score: number): Match => ({ ...JSON.parse(json), score });

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export function parsePlace(place: string, form: string): URL {
  if (URL.canParse(place)) return new URL(place);
  throw invalidArgument('sink', form, withoutPassword(place));
}

/** For messages. */
export const withoutPassword = (place: string): string => place.replace(/(:\/\/[^/@:]*):[^/@]*@/, '$1:***@');

export function* batches<T>(items: readonly T[], size = BATCH_ROWS): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
