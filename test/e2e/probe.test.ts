/** `probe: true` as users have it: the built package, a model that loads, and one that ends its process. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'ovembed-probe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = join(folder, 'model');
writeTinyModel(tinyModels.mean, model);

/** Stands for a model that crashes native code: ends the child that loads it, and no other process. */
const crash = join(folder, 'crash.cjs');
writeFileSync(crash, `if (/probe.child\\.js$/.test(process.argv[1])) process.once('message', () => process.abort());`);
/** Counts the children. */
const note = join(folder, 'note.cjs');
writeFileSync(
  note,
  `if (/probe.child\\.js$/.test(process.argv[1])) require('fs').appendFileSync(${JSON.stringify(join(folder, 'children'))}, 'x');`,
);

interface Outcome {
  outcome: string;
  probed: number;
}

/** Loads and embeds in a process of its own. */
function load(preload: string, options: object): Outcome {
  rmSync(join(folder, 'children'), { force: true });
  const program = `
    const { existsSync, readFileSync } = require('fs');
    const { Embedder } = require(${JSON.stringify(ROOT)});
    const file = ${JSON.stringify(join(folder, 'children'))};
    const done = (outcome) => console.log(JSON.stringify({ outcome, probed: existsSync(file) ? readFileSync(file).length : 0 }));
    Embedder.load(${JSON.stringify(model)}, ${JSON.stringify({ cacheDir: join(folder, 'cache'), precision: 'f32', batchTokens: 1024, ...options })})
      .then(async (embedder) => { const { length } = await embedder.embed(['a']); await embedder.close(); return 'vectors ' + length; })
      .catch((error) => error.code)
      .then(done);`;
  const env = { ...process.env, NODE_OPTIONS: `--require ${JSON.stringify(preload)}` };
  return JSON.parse(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8', env })) as Outcome;
}

beforeEach(() => rmSync(join(folder, 'cache'), { recursive: true, force: true }));

test('the first load is tried in a child, later ones are not', () => {
  expect(load(note, { probe: true })).toEqual({ outcome: 'vectors 1', probed: 1 });
  expect(load(note, { probe: true })).toEqual({ outcome: 'vectors 1', probed: 0 });
  // What native code does may differ with the options, and with the model.
  expect(load(note, { probe: true, paddingSide: 'left' })).toEqual({ outcome: 'vectors 1', probed: 1 });
});

test('another model in its place is tried again', () => {
  const kept = join(folder, 'kept');
  cpSync(model, kept, { recursive: true });
  load(note, { probe: true });
  writeTinyModel(tinyModels.max, model);
  expect(load(note, { probe: true }).probed).toBe(1);
  cpSync(kept, model, { recursive: true });
});

test('without the option there is no child', () => {
  expect(load(note, {})).toEqual({ outcome: 'vectors 1', probed: 0 });
});

test('a child that crashes is an error here, every time', () => {
  for (let time = 0; time < 2; time++) expect(load(crash, { probe: true }).outcome).toBe('ERR_MODEL_PROBE_CRASHED');
  expect(load(note, { probe: true })).toEqual({ outcome: 'vectors 1', probed: 1 });
});

test('a model that is not valid is told of by its own error', () => {
  const weights = join(model, 'model.safetensors');
  writeFileSync(weights, 'no weights');
  expect(load(note, { probe: true })).toEqual({ outcome: 'ERR_MODEL_INVALID', probed: 1 });
  writeTinyModel(tinyModels.mean, model);
});
