/** A batch that hangs is stopped by those who leave it; the pipeline goes on and can be closed. */
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { makeFaultyPackage, runFaulty } from './faulty-addon.js';
import { temporaryFolder } from './support.js';

const folder = temporaryFolder();
const package_ = join(folder, 'package');
const model = join(folder, 'model');
const run = (way: string, faults: string) =>
  runFaulty<string[]>('faulty-hang-child.cjs', [package_, model, join(folder, 'cache'), way], faults);

beforeAll(() => {
  makeFaultyPackage(package_);
  writeTinyModel(tinyModels.mean, model);
});

test('cancel() at the seam ends it alone', async () => {
  expect(await run('seam', 'infer:hang@1')).toEqual(['hangs', 'ERR_CLOSED', 'done', 'done']);
});

test('an abort ends it alone, whatever the timeouts', async () => {
  expect(await run('api', '')).not.toContain('left'); // and loading has measured
  const endings = await run('api', 'infer:hang@60');
  expect(endings.filter((ending) => ending !== 'done')).toEqual(['left']);
  expect(endings.at(-1)).toBe('done');
});
