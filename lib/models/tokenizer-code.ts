/**
 * Tokenizers that do something in Python that `tokenizer.json` does not tell: the ids would be others here, without a word.
 * The last token would be another, too, which is the one that many of these models are pooled by.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from './json-file.js';

/**
 * @param folder that of `tokenizer.json`
 * @param network `config.json`
 * @param tokenizer `tokenizer_config.json`
 * @throws OvembedError `ERR_MODEL_UNSUPPORTED`
 */
export async function checkTokenizerCode(
  folder: string,
  network: JsonObject,
  tokenizer: JsonObject | undefined,
): Promise<void> {
  for (const config of [network, tokenizer]) {
    const code = config?.object('auto_map');
    if (code?.raw('AutoTokenizer'))
      throw code.unsupported('AutoTokenizer', 'tokenizers that need no Python code of their own');
  }
  if (tokenizer?.boolean('add_eos_token') !== true) return;
  const end = endToken(tokenizer.raw('eos_token'));
  if (end !== undefined && (await postProcessorOf(folder)).includes(JSON.stringify(end))) return;
  throw tokenizer.unsupported('add_eos_token', 'true only where the post_processor of tokenizer.json adds the token');
}

/** A token stands as a text or as an object with its content. */
function endToken(value: unknown): string | undefined {
  const content = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value;
  return typeof content === 'string' ? content : undefined;
}

/** As JSON; '' where there is none. The file is large, and a damaged one is the tokenizer's matter. */
async function postProcessorOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'tokenizer.json'), 'utf8').catch(() => '{}');
  try {
    return JSON.stringify((JSON.parse(text) as { post_processor?: unknown }).post_processor ?? '');
  } catch {
    return '';
  }
}
