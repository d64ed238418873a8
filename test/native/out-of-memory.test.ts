/** Memory that runs out, by the system's own limit: an error of its own, and a process that goes on. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from './support.js';

const model = join(temporaryFolder(), 'model');
writeTinyModel(tinyModels.mean, model);
const hasLimits = spawnSync('prlimit', ['--version']).status === 0;

// Memory is asked for at other places, by us and by the runtime, as batches grow.
test.runIf(hasLimits).each([40_000, 100_000, 400_000, 4_000_000])('a batch of %i rows that do not fit', (rows) => {
  const program = join(import.meta.dirname, 'out-of-memory-child.cjs');
  const child = spawnSync(process.execPath, [program, model, String(rows)], { encoding: 'utf8', timeout: 60_000 });
  expect(child, child.stderr).toMatchObject({ status: 0, signal: null });
  expect(JSON.parse(child.stdout)).toEqual({ large: 'ERR_OUT_OF_MEMORY', same: true });
});

test.runIf(hasLimits)('a search with candidates that do not fit', () => {
  const program = join(import.meta.dirname, 'out-of-memory-search-child.cjs');
  const child = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 60_000 });
  expect(child, child.stderr).toMatchObject({ status: 0, signal: null });
  expect(JSON.parse(child.stdout)).toEqual({ many: 'ERR_OUT_OF_MEMORY', scores: [1] });
});
