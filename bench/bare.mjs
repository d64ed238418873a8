/** The bare runtime as a process of its own (native/tools/bare_inference.cpp), driven line by line. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { toolPath } from '../scripts/build/paths.mjs';

export class BareInference {
  #child;
  #answers;

  /**
   * @param {object} options
   * @param {{ kind: string, file: string }} options.source
   * @param {string} options.precision
   * @param {number} options.streams
   * @param {number} options.threads
   * @param {{ rows: number, width: number }} [options.shape] the only shape to compile for
   */
  constructor({ source: { kind, file }, precision, streams, threads, shape }) {
    const args = [kind, file, precision, streams, threads, ...(shape ? [shape.rows, shape.width] : [])].map(String);
    this.#child = spawn(toolPath('bare_inference'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    // A program that ended early is told by the missing answer; without a listener the broken pipe would end this process.
    this.#child.stdin.on('error', () => {});
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Takes batches in place of those it has.
   * @param {{ rows: ArrayLike<number>, width: number }[]} batches
   * @param {ArrayLike<number>[]} ids token ids of each row
   */
  async take(batches, ids) {
    await this.#write('clear\n');
    for (const { rows, width } of batches) {
      const padded = Array.from(rows, (row) => [...ids[row], ...new Array(width - ids[row].length).fill(-1)].join(' '));
      await this.#write(`batch ${rows.length} ${width} ${padded.join(' ')}\n`);
    }
  }

  /** Infers all batches once. @returns {Promise<number>} seconds */
  async run() {
    const [seconds] = await this.#ask('run\n');
    return seconds;
  }

  /** Infers the first batch again and again, alone. @returns {Promise<number[]>} milliseconds of each */
  time(count) {
    return this.#ask(`time ${count}\n`);
  }

  async close() {
    this.#child.stdin.end();
    if (this.#child.exitCode !== null) return;
    await new Promise((resolve) => this.#child.once('close', resolve));
  }

  async #ask(line) {
    await this.#write(line);
    const { done, value } = await this.#answers.next();
    if (done) throw new Error('the bare inference program ended; its message is above');
    return value.split(' ').map(Number);
  }

  #write(line) {
    return new Promise((resolve, reject) => {
      this.#child.stdin.write(line, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** The ids of each row of an encoding. */
export function splitRows(encoding) {
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
