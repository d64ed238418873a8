/** Which text goes in front of the caller's: the rules of sentence-transformers' encode, encode_query, encode_document. */
import { nearestTo } from '../checks.js';
import { OvembedError } from '../errors.js';
import type { InputType } from '../options.js';

/** The prompts that are known when a model is loaded. */
export interface Prompts {
  /** The model's own, by name. */
  named: Readonly<Record<string, string>>;
  /** The name of the one that is used when a call names none; null: none is. */
  defaultName: string | null;
  /** Set by options of `load`; go before the model's own. */
  instructions: Readonly<Partial<Record<InputType, string>>>;
}

/** What a call says about its prompt. */
export interface PromptChoice {
  prompt?: string | undefined;
  promptName?: string | undefined;
  inputType?: InputType | undefined;
}

/**
 * The text in front of each of a call's texts, '' for none: the call's `prompt`; else the model's prompt of the name
 * `promptName`; else the instruction or the model's prompt for `inputType`; else the model's default prompt. As in
 * sentence-transformers, a model without a prompt for queries or documents has an empty one, not its default prompt.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the model has no prompt of that name
 */
export function resolvePrompt(prompts: Prompts, { prompt, promptName, inputType }: PromptChoice): string {
  if (prompt !== undefined) return prompt;
  if (promptName !== undefined) return promptNamed(prompts, promptName);
  if (inputType !== undefined) return prompts.instructions[inputType] ?? ownPrompt(prompts, inputType) ?? '';
  return prompts.defaultName === null ? '' : promptNamed(prompts, prompts.defaultName);
}

function promptNamed(prompts: Prompts, name: string): string {
  const text = ownPrompt(prompts, name);
  if (text !== undefined) return text;
  const names = Object.keys(prompts.named);
  const nearest = nearestTo(name, names);
  const known = names.length > 0 ? `its prompts are ${names.join(', ')}` : 'it has none';
  const hint = nearest ? ` Did you mean ${nearest}?` : '';
  const message = `The model has no prompt named ${JSON.stringify(name)}; ${known}.${hint}`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

function ownPrompt(prompts: Prompts, name: string): string | undefined {
  return Object.hasOwn(prompts.named, name) ? prompts.named[name] : undefined;
}
