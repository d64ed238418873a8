/** What may be asked of `embeddings.create`: OpenAI's fields, and those that a server of ovembed takes beyond them. */
import { isPositiveInteger } from '../../checks.js';
import type { InputType, Truncate } from '../../options.js';
import { EXPECTED } from '../../server/extras.js';
import { HttpError } from '../../server/http-error.js';
import type { RequestInputs } from '../../server/inputs.js';

/** OpenAI's request (`POST /v1/embeddings`), and what a server of ovembed takes beyond it. */
export interface EmbeddingCreateParams {
  /** A text, token ids of the model, or a list of up to 2,048 of either. */
  input: RequestInputs;
  /** A name or alias of one of the models. */
  model: string;
  /** Default `'float'`. */
  encoding_format?: 'float' | 'base64' | null;
  /** Vectors are cut to this many dimensions, then normalised. */
  dimensions?: number | null;
  /** Ignored. */
  user?: string | null;
  /** Selects the model's prompt for queries or for documents. Default: none. */
  input_type?: InputType | null;
  /** What happens to a text longer than the model reads; `true` is `'end'`, `false` `'error'`. Default: as loaded. */
  truncate?: boolean | Truncate | null;
  priority?: 'interactive' | 'bulk' | null;
}

type Fits = (value: unknown) => boolean;
const oneOf =
  (...choices: unknown[]): Fits =>
  (value) =>
    choices.includes(value);
const isIds: Fits = (value) => Array.isArray(value) && value.every((id) => Number.isInteger(id) && id >= 0);
const isInput: Fits = (value) =>
  typeof value === 'string' ||
  isIds(value) ||
  (Array.isArray(value) && value.every((item) => typeof item === 'string' || isIds(item)));

/** Whether a value fits a field. null is "not given", as from clients of typed languages. */
const FITS: Readonly<Record<keyof typeof EXPECTED, Fits>> = {
  input: isInput,
  encoding_format: oneOf('float', 'base64'),
  dimensions: isPositiveInteger,
  user: (value) => typeof value === 'string',
  input_type: oneOf('query', 'document'),
  truncate: oneOf(true, false, 'error', 'end', 'start', 'chunk'),
  priority: oneOf('interactive', 'bulk'),
};

/** @throws HttpError 400 with the field's name; unknown fields are let pass, as OpenAI's clients may send more */
export function checkRequest(body: EmbeddingCreateParams): void {
  if (typeof body !== 'object' || body === null) throw refused('The request must be an object.');
  if (body.input === undefined) throw refused(`input must be ${EXPECTED.input}, and is missing.`, 'input');
  if (!isNothing(body.model) && typeof body.model !== 'string') throw refused('model must be a name.', 'model');
  for (const [name, fits] of Object.entries(FITS) as [keyof typeof EXPECTED, Fits][]) {
    const value = body[name];
    if ((isNothing(value) && name !== 'input') || fits(value)) continue;
    throw refused(`${name} must be ${EXPECTED[name]}.`, name);
  }
}

const isNothing = (value: unknown) => value === undefined || value === null;

const refused = (message: string, param?: string) =>
  new HttpError(400, 'ERR_INVALID_ARGUMENT', message, param === undefined ? {} : { param });
