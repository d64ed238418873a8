/** Which text goes in front of the caller's: the rules of sentence-transformers' encode, encode_query, encode_document. */
import { nearestTo } from '../checks.js';
import { OvembedError } from '../errors.js';
import type { InputType } from '../options.js';

/** The prompts of a model, with those that `load` was given in place of the model's own. */
export interface Prompts {
  /** By name. `query` and `document` are always there, '' unless the model or `load` says otherwise. */
  named: Readonly<Record<string, string>>;
  /** The name of the one that is used when a call names none; null: none is. */
  defaultName: string | null;
}

/** What a call says about its prompt. */
export interface PromptChoice {
  prompt?: string | undefined;
  promptName?: string | undefined;
  inputType?: InputType | undefined;
}

/**
 * The text in front of each of a call's texts, '' for none: the call's `prompt`; else the prompt of the name
 * `promptName`; else the one for `inputType`; else the default one. As in sentence-transformers, a model without a
 * prompt for queries or documents has an empty one, not its default prompt.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the model has no prompt of that name
 */
export function resolvePrompt(prompts: Prompts, { prompt, promptName, inputType }: PromptChoice): string {
  if (prompt !== undefined) return prompt;
  const name = promptName ?? inputType ?? prompts.defaultName;
  if (name === null) return '';
  const text = Object.hasOwn(prompts.named, name) ? prompts.named[name] : undefined;
  if (text === undefined) throw unknownPrompt(name, Object.keys(prompts.named));
  return text;
}

function unknownPrompt(name: string, known: readonly string[]): OvembedError {
  const nearest = nearestTo(name, known);
  const hint = nearest ? ` Did you mean ${nearest}?` : '';
  const message = `The model has no prompt named ${JSON.stringify(name)}.${hint} Its prompts: ${known.join(', ')}.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}
