/**
 * node mutants-child.mjs BASES FOLDER FROM TO: loads the mutants of these numbers (mutations.mjs) and embeds with them.
 * Prints `start N: what was done` before each and `end N: outcome` after it, so that whoever reads knows which one the
 * process died of. Anything but vectors or an error with a code ends with `end N: unexpected …`.
 */
import { rmSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { writeMutant } from './mutations.mjs';

const { Embedder, OvembedError } = createRequire(import.meta.url)('../../dist/index.js');
const [bases, folder, from, to] = process.argv.slice(2);

const say = (line) => writeSync(1, `${line.replaceAll('\n', ' ').slice(0, 1000)}\n`);

async function outcome(model, cacheDir) {
  try {
    // Without measurements, which add nothing here.
    const options = { precision: 'f32', performance: 'throughput', batchTokens: 1024, cacheDir };
    const embedder = await Embedder.load(model, options);
    try {
      await embedder.embed(['the river', 'x'.repeat(50), '']);
      return 'vectors';
    } finally {
      await embedder.close();
    }
  } catch (error) {
    return error instanceof OvembedError ? error.code : `unexpected ${error?.stack ?? error}`;
  }
}

for (let number = Number(from); number < Number(to); number++) {
  const model = join(folder, 'model');
  say(`start ${number}: ${writeMutant(bases, model, number)}`);
  say(`end ${number}: ${await outcome(model, join(folder, 'cache'))}`);
  rmSync(join(folder, 'cache'), { recursive: true, force: true });
}
