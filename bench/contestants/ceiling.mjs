/**
 * The bare OpenVINO ceiling: the same compiled graph at the same precision, fed with batches that were tokenised and
 * planned beforehand, with the device's queue always full. What ovembed loses against it is the price of tokenising,
 * planning, scheduling and handing out results.
 */
import { encodeOptions, models, native } from '../internals.mjs';

/** @type {import('../contestants.mjs').Load} */
export async function load(folders, { precision, streams, bucket, budget }) {
  const addon = native();
  const spec = await models().readModelFolder(folders.model);
  const tokenizer = await addon.loadTokenizer({ file: spec.tokenizerFile });
  const { kind, file } = spec.sources[0];
  const pipeline = await addon.loadPipeline({
    source: { kind, file },
    device: 'CPU',
    precision,
    streams,
    threads: addon.availableCpus(),
    pooling: spec.pooling,
    normalize: spec.normalize,
    paddingSide: spec.paddingSide,
    padTokenId: spec.padTokenId,
    blobFile: null,
  });

  async function prepare(texts) {
    const encoding = await tokenizer.encode(texts, encodeOptions(spec));
    return { texts: texts.length, encoding, batches: planBatches(encoding.lengths, bucket, budget) };
  }

  async function embed({ texts, encoding, batches }) {
    const results = [];
    const waiting = batches.values();
    const keepOneInFlight = async () => {
      for (const { rows, width } of waiting) {
        /** @type {import('../../dist/native.js').InferOptions} */
        const options = { bucket: width, output: 'pooled', dimensions: 0, normalize: spec.normalize };
        results.push({ rows, data: (await pipeline.infer([{ encoding, rows }], options)).data });
      }
    };
    await Promise.all(Array.from({ length: pipeline.concurrency }, keepOneInFlight));
    return { texts, results };
  }

  /** @type {Map<string, ReturnType<typeof prepare>>} */
  const prepared = new Map();
  return {
    setup: { threads: pipeline.threads },
    prepare,
    embed,
    async embedQuery(text) {
      if (!prepared.has(text)) prepared.set(text, prepare([text]));
      return embed(await prepared.get(text));
    },
    rows: inInputOrder,
    close: () => pipeline.close(),
  };
}

/**
 * Full batches, longest first: texts of one bucket share a batch, up to `budget` tokens with padding.
 * @param {Uint32Array} lengths tokens per text
 */
export function planBatches(lengths, bucket, budget) {
  const widths = Array.from(lengths, (length) => Math.ceil(length / bucket) * bucket);
  const batches = [];
  for (const width of [...new Set(widths)].sort((a, b) => b - a)) {
    const members = [...widths.keys()].filter((row) => widths[row] === width);
    const size = Math.max(1, Math.floor(budget / width));
    for (let i = 0; i < members.length; i += size) {
      batches.push({ width, rows: Uint32Array.from(members.slice(i, i + size)) });
    }
  }
  return batches;
}

function inInputOrder({ texts, results }) {
  const ordered = new Array(texts);
  for (const { rows, data } of results) {
    const dimensions = data.length / rows.length;
    rows.forEach((row, i) => {
      ordered[row] = data.subarray(i * dimensions, (i + 1) * dimensions);
    });
  }
  return ordered;
}
