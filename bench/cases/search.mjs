/**
 * The best 10 of a million float32 vectors, one query after another: ovembed and NumPy in turns on the same vectors, and
 * ovembed on their bits.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensurePythonPackages } from '../../scripts/models/python-packages.mjs';
import { PythonServer } from '../python-server.mjs';
import { median } from '../statistics.mjs';

const { FlatIndex } = createRequire(import.meta.url)('../../dist/vectors/index.js');

const REQUIREMENTS = join(import.meta.dirname, '../../scripts/models/requirements-quantize.txt');
const WIDTH = 384;
const K = 10;
const WARM_UP = 3;
const BLOCK_ROWS = 8_192;

/**
 * @param {import('../processes.mjs').Job} job `rows` of the matrix, `repeats` turns of `queries` queries each
 * @returns {Promise<{ numpy: string, turns: { ovembed: number, numpy: number, bits: number }[] }>} median milliseconds of
 *   every turn
 */
export async function run({ rows, repeats, queries }) {
  const python = new PythonServer(await ensurePythonPackages(REQUIREMENTS), 'similarity.py', [
    String(rows),
    String(WIDTH),
  ]);
  const { numpy } = await python.answer();
  const floats = new FlatIndex({ dimensions: WIDTH });
  const bits = new FlatIndex({ dimensions: WIDTH, dtype: 'ubinary' });
  for (let first = 0; first < rows; first += BLOCK_ROWS) {
    const block = vectors(first, Math.min(BLOCK_ROWS, rows - first));
    await floats.add(block);
    await bits.add(toBits(block));
  }
  const turns = [];
  for (let turn = 0; turn < repeats; turn++) {
    const numbers = Array.from({ length: WARM_UP + queries }, (_, i) => turn * (WARM_UP + queries) + i);
    const ours = [];
    for (const number of numbers) ours.push(await timedSearch(floats, vectors(rows + number, 1)));
    const packed = [];
    for (const number of numbers) packed.push(await timedSearch(bits, toBits(vectors(rows + number, 1))));
    // Last, as the threads of BLAS spin for a while when they are done; the warm-up of the next turn outlasts it.
    const theirs = [];
    for (const query of numbers) theirs.push(await python.ask({ query, k: K }));
    for (const [i, number] of numbers.entries()) checkEqual(number, ours[i].indices, theirs[i].indices);
    const milliseconds = (timed) => median(timed.slice(WARM_UP).map((one) => one.milliseconds));
    turns.push({ ovembed: milliseconds(ours), numpy: milliseconds(theirs), bits: milliseconds(packed) });
  }
  floats.close();
  bits.close();
  await python.close();
  return { numpy, turns };
}

async function timedSearch(index, query) {
  const start = performance.now();
  const { indices } = await index.search(query, { k: K });
  return { milliseconds: performance.now() - start, indices };
}

/** Speed says nothing about something else that was found. The order of nearly equal scores may differ. */
function checkEqual(query, ours, theirs) {
  const missing = theirs.filter((row) => !ours.includes(row));
  if (missing.length > 0) throw new Error(`query ${query}: rows ${missing} are among NumPy's best, not among ours`);
}

/** Values from a hash of their position, in [-1, 1): python/similarity.py makes the same. */
function vectors(first, count) {
  const values = new Float32Array(count * WIDTH);
  for (let i = 0; i < values.length; i++) {
    let x = Math.imul((first * WIDTH + i) | 0, 2_654_435_761);
    x = Math.imul(x ^ (x >>> 15), 2_246_822_519);
    values[i] = (x ^ (x >>> 13)) / 2 ** 31;
  }
  return values;
}

function toBits(values) {
  const bytes = new Uint8Array(values.length / 8);
  for (let i = 0; i < values.length; i++) if (values[i] > 0) bytes[i >> 3] |= 0x80 >> (i & 7);
  return bytes;
}
