/** What nobody holds any more is freed, without release() or close(). */
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { native } from '../../lib/native.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from './support.js';

const HANDLES = 10_000;
const model = join(temporaryFolder(), 'model');
writeTinyModel(tinyModels.mean, model);
const options = { maxLength: 0, offsets: true, addSpecialTokens: true };

test(`${HANDLES} encodings are freed within three collections`, async () => {
  const tokenizer = await native().loadTokenizer({ file: join(model, 'tokenizer.json') });
  const text = 'the river runs past the old mill '.repeat(40);
  const make = () => Array.from({ length: HANDLES }, () => tokenizer.encodeNow([text], options));
  global.gc?.();
  const before = process.memoryUsage.rss();
  let held: unknown[] = make();
  const most = process.memoryUsage.rss();
  expect(most - before).toBeGreaterThan(HANDLES * 3_000);
  held = [];
  for (let i = 0; i < 3; i++) {
    global.gc?.();
    await nextTurn(); // finalizers run between two turns
  }
  expect(held).toEqual([]);
  native().trimHeap();
  await delay(500);
  expect(process.memoryUsage.rss() - before).toBeLessThan((most - before) / 4);
  tokenizer.close();
});
