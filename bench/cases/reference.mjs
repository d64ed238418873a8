/**
 * What every contestant's figures are counted in: tokens per text after truncation, by one tokenizer (that of the addon,
 * whose ids the tests hold against Hugging Face's), whatever a contestant's own tokenizer makes of the text.
 */
import { LENGTH_CLASSES, makeClass, makeCorpus, QUERY } from '../corpus.mjs';
import { encodeOptions, models, native } from '../internals.mjs';

/** Enough for the mean of a class. */
const CLASS_TEXTS = 256;

/**
 * @param {import('../processes.mjs').Job & { seed: number, texts: number }} job
 * @returns tokens per text of the corpus and of the query, mean tokens of the length classes, and what they were counted with
 */
export async function run(job) {
  const addon = native();
  const spec = await models().readModelFolder(job.folders.model);
  const tokenizer = await addon.loadTokenizer({ file: spec.tokenizerFile });
  const count = async (texts) => Array.from((await tokenizer.encode(texts, encodeOptions(spec))).lengths);
  const tokens = await count([...makeCorpus(job), QUERY]);
  const queryTokens = tokens.pop();
  const classTokens = {};
  for (const name of Object.keys(LENGTH_CLASSES)) {
    classTokens[name] = mean(await count(makeClass({ name, texts: CLASS_TEXTS, seed: job.seed })));
  }
  return {
    tokens,
    classTokens,
    queryTokens,
    maxTokens: spec.maxLength,
    openvino: addon.runtimeVersion,
    cpus: addon.availableCpus(),
  };
}

function mean(values) {
  return values.reduce((a, b) => a + b) / values.length;
}
