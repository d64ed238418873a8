/** Two copies of the package in one process, as a tree of dependencies may have: each with its own addon and libraries. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { copyPackage } from '../package-copy.js';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-copies-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = join(folder, 'model');
writeTinyModel(tinyModels.mean, model);

test('two copies give the same vectors side by side, and each ends alone', () => {
  for (const name of ['one', 'two']) copyPackage(join(folder, name));
  const program = `
    const { readFileSync } = require('fs');
    const copies = ['one', 'two'].map((name) => require(${JSON.stringify(folder)} + '/' + name));
    const options = { precision: 'f32', cacheDir: ${JSON.stringify(join(folder, 'cache'))} };
    const texts = Array.from({ length: 200 }, (_, i) => 'the river runs past the old mill '.repeat(1 + (i % 4)));
    (async () => {
      const embedders = await Promise.all(copies.map(({ Embedder }) => Embedder.load(${JSON.stringify(model)}, options)));
      const [a, b] = await Promise.all(embedders.map((embedder) => embedder.embed(texts)));
      const same = (x, y) => x.data.every((value, i) => value === y.data[i]);
      const addons = new Set(readFileSync('/proc/self/maps', 'utf8').match(/\\S+ovembed\\.node$/gm));
      await embedders[0].close();
      const after = await embedders[1].embed(texts);
      const error = await embedders[0].embed(['x']).catch((each) => each);
      console.log(JSON.stringify({
        same: same(a, b) && same(b, after), addons: addons.size, code: error.code,
        known: copies.map(({ OvembedError }) => error instanceof OvembedError),
      }));
    })();`;
  const output = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 60_000 });
  expect(JSON.parse(output)).toEqual({ same: true, addons: 2, code: 'ERR_CLOSED', known: [true, true] });
});
