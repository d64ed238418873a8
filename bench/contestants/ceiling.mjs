/**
 * The bare OpenVINO ceiling: the same graph with the same properties in a program without anything of ours around it
 * (native/tools/bare_inference.cpp), fed with batches that were tokenised and planned beforehand, with the device's
 * queue always full. What ovembed loses against it is the price of tokenising, planning, pooling and handing out results.
 *
 * Single queries and the vectors for the quality column come from the addon's own seam, which runs the same graph.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { toolPath } from '../../scripts/build/paths.mjs';
import { encodeOptions, models, native } from '../internals.mjs';

/** @type {import('../contestants.mjs').Load} */
export async function load(folders, { precision, streams, bucket, budget }) {
  const addon = native();
  const spec = await models().readModelFolder(folders.model);
  const tokenizer = await addon.loadTokenizer({ file: spec.tokenizerFile });
  const { kind, file } = spec.sources[0];
  const threads = addon.availableCpus();
  const program = new BareInference([kind, file, precision, streams, threads].map(String));
  const pipeline = await addon.loadPipeline({
    source: { kind, file },
    device: 'CPU',
    precision,
    streams,
    threads,
    pooling: spec.pooling,
    paddingSide: 'right',
    padTokenId: spec.padTokenId,
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

/** The program, driven line by line. */
class BareInference {
  #child;
  #answers;

  constructor(args) {
    this.#child = spawn(toolPath('bare_inference'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Takes batches in place of those it has. */
  async take(batches, ids) {
    await this.#write('clear\n');
    for (const { rows, width } of batches) {
      const padded = Array.from(rows, (row) => [...ids[row], ...new Array(width - ids[row].length).fill(-1)].join(' '));
      await this.#write(`batch ${rows.length} ${width} ${padded.join(' ')}\n`);
    }
  }

  /** Infers all batches once. */
  async run() {
    await this.#write('run\n');
    const { done } = await this.#answers.next();
    if (done) throw new Error('the bare inference program ended; its message is above');
  }

  async close() {
    this.#child.stdin.end();
    await new Promise((resolve) => this.#child.once('close', resolve));
  }

  #write(line) {
    return new Promise((resolve, reject) => {
      this.#child.stdin.write(line, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** The ids of each row. */
function splitRows(encoding) {
  const { ids } = encoding.tokens();
  let end = 0;
  return Array.from(encoding.lengths, (length) => {
    end += length;
    return ids.subarray(end - length, end);
  });
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
