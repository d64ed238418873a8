/**
 * What every contestant's figures are counted in: tokens per text after truncation, by one tokenizer (that of the addon,
 * whose ids the tests hold against Hugging Face's), whatever a contestant's own tokenizer makes of the text.
 */
import { makeCorpus, QUERY } from '../corpus.mjs';
import { encodeOptions, models, native } from '../internals.mjs';

/**
 * @param {import('../processes.mjs').Job & { seed: number, texts: number }} job
 * @returns tokens per text of the corpus and of the query, and what they were counted with
 */
export async function run(job) {
  const addon = native();
  const spec = await models().readModelFolder(job.folders.model);
  const tokenizer = await addon.loadTokenizer({ file: spec.tokenizerFile });
  const encoding = await tokenizer.encode([...makeCorpus(job), QUERY], encodeOptions(spec));
  const tokens = Array.from(encoding.lengths);
  const queryTokens = tokens.pop();
  return {
    tokens,
    queryTokens,
    maxTokens: spec.maxLength,
    openvino: addon.runtimeVersion,
    cpus: addon.availableCpus(),
  };
}
