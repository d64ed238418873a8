/** The inputs of a request, in the one form of all protocols, within the limits of the server. */
import type { Embedder } from '../embedder.js';
import { OvembedError } from '../errors.js';
import type { Input } from '../input.js';
import { HttpError, statusOf } from './http-error.js';
import type { ServerLimits } from './limits.js';

/** What protocols call `input` or `inputs`: a text, token ids, or a list of either. */
export type RequestInputs = string | number[] | (string | number[])[];

/**
 * @param name of the field, for messages
 * @throws HttpError 400 where a limit is passed; one that says which, and what came
 */
export function inputsOf(
  given: RequestInputs,
  name: string,
  { info }: Embedder,
  limits: ServerLimits,
): { inputs: Input[]; isSingle: boolean } {
  const isSingle = typeof given === 'string' || typeof given[0] === 'number';
  const inputs = isSingle ? [given as Input] : (given as Input[]);
  if (inputs.length === 0) throw refused('ERR_EMPTY', name, `${name} is empty; send at least one text.`);
  if (inputs.length > limits.inputs) {
    throw refused(
      'ERR_TOO_MANY_INPUTS',
      name,
      `${name} has ${inputs.length} items; at most ${limits.inputs} are taken.`,
    );
  }
  const characters = info.maxTokens === 0 ? Infinity : info.maxTokens * limits.charactersPerToken;
  let ids = 0;
  for (const [i, input] of inputs.entries()) {
    if (typeof input !== 'string') ids += input.length;
    else if (input.length > characters) {
      const message = `${name}[${i}] has ${input.length} characters; at most ${characters} are taken, as the model reads ${info.maxTokens} tokens.`;
      throw refused('ERR_INPUT_TOO_LONG', name, message);
    }
  }
  if (ids <= limits.tokens) return { inputs, isSingle };
  throw refused('ERR_INPUT_TOO_LONG', name, `${name} has ${ids} tokens; at most ${limits.tokens} are taken.`);
}

/** OpenAI refuses empty texts; other protocols take them, as sentence-transformers does. */
export function refuseEmpty(inputs: readonly unknown[]): void {
  const empty = inputs.findIndex((input) => (input as string | number[]).length === 0);
  if (empty < 0) return;
  throw refused('ERR_EMPTY', 'input', `input[${empty}] is empty.`);
}

/** For `catch`, with OpenAI's names of fields. Beside options, which it names, the library refuses inputs. */
export function nameField(error: unknown): never {
  if (!(error instanceof OvembedError) || statusOf(error) !== 400) throw error;
  const { code, message } = error;
  const [, param = 'input'] = / for (dimensions|truncate)\b/.exec(message) ?? [];
  throw new HttpError(400, code, message, { param, cause: error });
}

const refused = (code: string, param: string, message: string) => new HttpError(400, code, message, { param });
