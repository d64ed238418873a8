/** Calibrated int8: ranges of activations are found over texts, once, and written with the model. */
import { fullBatch, groupByBucket, type PlanOptions, withinPositions } from './batching/planner.js';
import { type ConvertedModel, type ConvertOptions, writeModelFolder } from './convert.js';
import { HARD_TEXTS } from './devices/probe.js';
import { type ModelSpec, readModelFolder, resolveModel } from './models/index.js';
import { callNative, type NativeEncoding, native } from './native.js';

const PLAN = { buckets: [16], batchTokens: 1_024, maxBatchSize: 64 };
/** Tokens for a model without a limit. */
const LONGEST = 512;

/** Words of the beginnings of texts that are calibrated on beside the texts. */
const BEGINNINGS = [1, 2, 4];

/**
 * Writes a model with int8 weights and activations of calibrated ranges, as OpenVINO IR, into a new folder.
 * @param texts such as the model will embed; some hundred. The model's own prompts are put in front
 * @param output as of `convertModel`
 */
export async function quantizeModel(
  model: string,
  output: string,
  texts: readonly string[],
  options: ConvertOptions,
): Promise<ConvertedModel> {
  const { folder } = await resolveModel(model, options);
  const spec = await readModelFolder(folder, options.modelFile);
  const plan = withinPositions({ ...PLAN, maxLength: spec.maxLength || LONGEST }, spec.maxPositions);
  const encoding = await encode(calibrationTexts(texts, Object.values(spec.prompts)), spec, plan);
  const batches = calibrationBatches(encoding.lengths, plan);
  try {
    return await writeModelFolder(spec, output, options, (source, file) =>
      callNative(() => native().quantizeModel({ source, encoding, batches, padTokenId: spec.padTokenId, file })),
    );
  } finally {
    encoding.release();
  }
}

/**
 * The texts, the model's prompts in front of some, their beginnings and odd texts. In a text of a few tokens activations
 * that longer texts average out are at their largest; ranges that were found without any clip them.
 */
export function calibrationTexts(texts: readonly string[], prompts: readonly string[]): string[] {
  const beginnings = texts.flatMap((text) => {
    const words = text.split(/\s+/, Math.max(...BEGINNINGS));
    return BEGINNINGS.map((count) => words.slice(0, count).join(' '));
  });
  const prompted = prompts
    .filter((prompt) => prompt !== '')
    .flatMap((prompt, i) => texts.filter((_, j) => j % prompts.length === i).map((text) => prompt + text));
  return [...new Set([...texts, ...prompted, ...beginnings, ...HARD_TEXTS])];
}

async function encode(texts: string[], spec: ModelSpec, { maxLength }: PlanOptions): Promise<NativeEncoding> {
  const { tokenizerFile, doLowerCase } = spec;
  const tokenizer = await callNative(() => native().loadTokenizer({ file: tokenizerFile, lowerCase: doLowerCase }));
  try {
    return await callNative(() => tokenizer.encode(texts, { maxLength, offsets: false, addSpecialTokens: true }));
  } finally {
    tokenizer.close();
  }
}

/** Batches padded as texts are when they are embedded. Texts without a token have no activations. */
function calibrationBatches(lengths: Uint32Array, plan: PlanOptions): { rows: Uint32Array; bucket: number }[] {
  return groupByBucket(lengths, plan).flatMap(({ bucket, rows: group }) => {
    const rows = group.filter((row) => (lengths[row] as number) > 0);
    const size = fullBatch(bucket, plan);
    const count = Math.ceil(rows.length / size);
    return Array.from({ length: count }, (_, i) => ({ bucket, rows: rows.slice(i * size, (i + 1) * size) }));
  });
}
