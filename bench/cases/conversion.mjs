/** Vectors into other element types beside memcpy of their float32, in one program (native/tools/convert_vectors.cpp). */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { toolPath } from '../../scripts/build/paths.mjs';

/**
 * @param {import('../processes.mjs').Job} job `rows` × `dimensions` vectors, more than any L2 cache holds; `repeats` turns
 * @returns GB of float32 per second in every turn, by `memcpy`, `to int8`, `from int8` and so on
 */
export async function run({ rows, dimensions, repeats }) {
  const turns = [];
  for (let turn = 0; turn < repeats; turn++) {
    const { stdout } = await promisify(execFile)(toolPath('convert_vectors'), [rows, dimensions].map(String));
    turns.push(JSON.parse(stdout));
  }
  return turns;
}
