/** Injected failures below the seam, seen through the public API: the right error, and the next call works. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { BUILD_OUTPUT } from '../../scripts/build/paths.mjs';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { FAULTY_ADDON, makeFaultyPackage, runWithFaults } from './faulty-addon.js';
import { temporaryFolder } from './support.js';

const folder = temporaryFolder();
const package_ = join(folder, 'package');
const model = join(folder, 'model');
/** A passage well after those of loading, which compares and measures, and well before the last of the calls. */
const LATE = 60;
const CALLS = 100;
const run = (
  faults: string,
  options: { timeoutMs?: number; cacheDir?: string; calls?: number; fallback?: boolean } = {},
) => runWithFaults(package_, model, { faults, cacheDir: join(folder, 'cache'), calls: CALLS, ...options });

let expected: number[];
beforeAll(async () => {
  makeFaultyPackage(package_);
  writeTinyModel(tinyModels.mean, model);
  expected = (await run('', { calls: 1 })).endings[0]?.vector as number[];
  expect(expected.length).toBeGreaterThan(0);
});

test('the hooks are in the addon of the tests and not in that of the package', () => {
  expect(readFileSync(FAULTY_ADDON).includes('OVEMBED_FAULTS')).toBe(true);
  expect(readFileSync(join(BUILD_OUTPUT, 'ovembed.node')).includes('OVEMBED_FAULTS')).toBe(false);
});

describe('without fallback, one call fails with its error, all others give the vector', () => {
  test.each([
    ['infer:throw', 'ERR_DEVICE_FAILED'],
    ['infer:oom', 'ERR_OUT_OF_MEMORY'],
    ['infer:nan', 'ERR_NON_FINITE'],
    ['infer:inf', 'ERR_NON_FINITE'],
    ['pool:nan', 'ERR_NON_FINITE'],
    ['pool:throw', 'ERR_DEVICE_FAILED'],
    ['tokenize:oom', 'ERR_OUT_OF_MEMORY'],
  ])('%s: %s', async (fault, code) => {
    const { endings } = await run(`${fault}@${LATE}`, { fallback: false });
    expect(endings.filter((ending) => ending.code).map((ending) => ending.code)).toEqual([code]);
    for (const ending of endings.filter((each) => !each.code)) expect(ending.vector).toEqual(expected);
    expect(endings.at(-1)?.vector).toEqual(expected);
  });

  test('infer:hang, with a timeout', async () => {
    const { endings } = await run(`infer:hang@${LATE}`, { timeoutMs: 2_000 });
    const failed = endings.filter((ending) => ending.code);
    expect(failed.map((ending) => ending.code)).toEqual(['ERR_TIMEOUT']);
    expect(failed[0]?.took).toBeGreaterThan(1_900);
    expect(endings.at(-1)?.vector).toEqual(expected);
  });
});

describe('a failure that does not come again is made good by a second try', () => {
  test.each(['infer:throw', 'infer:oom', 'infer:nan', 'infer:inf', 'pool:nan', 'pool:throw'])('%s', async (fault) => {
    const { endings } = await run(`${fault}@${LATE}`);
    expect(endings.map(({ vector }) => vector)).toEqual(new Array(CALLS).fill(expected));
    const pause = /throw|oom/.test(fault) ? 100 : 0;
    expect(Math.max(...endings.map(({ took }) => took))).toBeGreaterThan(pause);
  });

  test.each([
    ['infer:throw', 'ERR_DEVICE_FAILED'],
    ['infer:oom', 'ERR_OUT_OF_MEMORY'],
    ['infer:nan', 'ERR_NON_FINITE'],
  ])('%s again and again is an error', async (fault, code) => {
    const { endings } = await run(`${fault}@${LATE}-`, { calls: LATE });
    expect(endings.at(-1)?.code).toBe(code);
  });
});

test.each(['infer', 'pool', 'tokenize'])('%s:delay slows one call', async (stage) => {
  const { endings } = await run(`${stage}:delay@${LATE}=700`);
  expect(endings.every((ending) => !ending.code)).toBe(true);
  expect(endings.filter((ending) => ending.took >= 700).length).toBe(1);
});

test.each(['infer', 'pool'])('%s:wrong changes one vector, which stays finite', async (stage) => {
  const { endings } = await run(`${stage}:wrong@${LATE}`);
  const others = endings.filter(({ vector }) => JSON.stringify(vector) !== JSON.stringify(expected));
  expect(others.length).toBe(1);
  expect(others[0]?.vector?.every(Number.isFinite)).toBe(true);
});

describe('while loading', () => {
  test.each([
    ['load:oom@1-', 'ERR_OUT_OF_MEMORY'],
    ['load:throw@1-', 'ERR_MODEL_INVALID'],
    ['compile:throw@1-', 'ERR_DEVICE_FAILED'],
  ])('%s rejects with %s', async (faults, code) => {
    expect((await run(faults, { cacheDir: join(folder, 'empty', code) })).code).toBe(code);
  });

  test.each(['export:throw@1-', 'import:throw@1-'])(
    '%s: a compiled model that cannot be kept or read is no failure',
    async (faults) => {
      const { endings } = await run(faults, { calls: 2, cacheDir: join(folder, 'kept', faults.slice(0, 6)) });
      expect(endings.map((ending) => ending.vector)).toEqual([expected, expected]);
    },
  );

  test('a specification that does not parse ends it, with the bad part and the grammar', async () => {
    const result = await run('infer:throw@1,infer:explode@2');
    expect(result.code).toBe('ERR_NATIVE_LOAD');
    expect(result.cause).toMatch(/'infer:explode@2'.*stage:kind@n/);
  });
});
