/** What is left undone when the process ends does not hold it up. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { runFaulty } from './faulty-addon.js';
import { ROOT, temporaryFolder } from './support.js';

// After a failed load, tokenizers are closed just before the process ends: their job may never begin.
test('a job that was dropped is not waited for', async () => {
  const model = join(temporaryFolder(), 'model');
  writeTinyModel(tinyModels.mean, model);
  const closed = await runFaulty<number>('faulty-exit-child.cjs', [ROOT, model], '');
  expect(Date.now() - closed).toBeLessThan(3_000); // the limit of waiting is 5 s
});
