/**
 * The bare OpenVINO ceiling: the same graph with the same properties in a program without anything of ours around it
 * (native/tools/bare_inference.cpp), fed with batches that were tokenised and planned beforehand, with the device's
 * queue always full. What ovembed loses against it is the price of tokenising, planning, pooling and handing out results.
 *
 * Single queries and the vectors for the quality column come from the addon's own seam, which runs the same graph.
 */
import { BareInference, planBatches, splitRows } from '../bare.mjs';
import { encodeOptions, models, native } from '../internals.mjs';

/** @type {import('../contestants.mjs').Load} */
export async function load(folders, { precision, streams, bucket, budget }) {
  const addon = native();
  const spec = await models().readModelFolder(folders.model);
  const tokenizer = await addon.loadTokenizer({ file: spec.tokenizerFile });
  const [source] = spec.sources;
  const threads = addon.availableCpus();
  const program = new BareInference({ source, precision, streams, threads });
  const pipeline = await addon.loadPipeline({
    source,
    device: 'CPU',
    precision,
    streams,
    threads,
    int8Weights: false,
    int8Activations: false,
    pooling: spec.pooling,
    modules: spec.modules,
    paddingSide: 'right',
    padTokenId: spec.padTokenId,
    shape: null,
    blobFile: null,
  });

  async function prepare(texts) {
    const encoding = await tokenizer.encode(texts, encodeOptions(spec));
    const batches = planBatches(encoding.lengths, bucket, budget);
    await program.take(batches, splitRows(encoding));
    return { texts: texts.length, encoding, batches };
  }

  /** One vector per text. */
  async function rows({ texts, encoding, batches }) {
    const ordered = new Array(texts);
    for (const { rows: members, width } of batches) {
      /** @type {import('../../dist/native.js').InferOptions} */
      const options = { bucket: width, output: 'pooled', dimensions: 0, normalize: spec.normalize };
      const { data } = await pipeline.infer([{ encoding, rows: members }], options);
      const dimensions = data.length / members.length;
      members.forEach((row, i) => {
        ordered[row] = data.subarray(i * dimensions, (i + 1) * dimensions);
      });
    }
    return ordered;
  }

  async function embed(prepared) {
    await program.run();
    return prepared;
  }

  let query;
  return {
    setup: { threads },
    prepare,
    embed,
    async embedQuery(text) {
      query ??= await prepare([text]);
      return rows(query);
    },
    rows,
    async close() {
      await program.close();
      await pipeline.close();
    },
  };
}
