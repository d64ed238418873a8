/** One compiled model per bucket, on the CPU: the same bits as with shapes that change. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Embedder } from '../../lib/embedder.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { bits, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const model = join(folder, 'model');
const cacheDir = join(folder, 'cache');
beforeAll(() => writeTinyModel(tinyModels.mean, model));

const TEXTS = Array.from({ length: 60 }, (_, i) => 'the sea and the river '.repeat(1 + (i % 7)).slice(0, 10 + 3 * i));

test("shapes: 'static' gives the bits of shapes: 'dynamic', before and after the models are there", async () => {
  const options = { device: 'CPU', precision: 'f32', performance: 'throughput', cacheDir } as const;
  const dynamic = await Embedder.load(model, options);
  const expected = bits((await dynamic.embed(TEXTS)).data);
  await dynamic.close();
  const embedder = await Embedder.load(model, { ...options, shapes: 'static', buckets: 16 });
  const compiled = () => readdirSync(join(cacheDir, 'blobs')).length;
  const end = performance.now() + 20_000;
  // As long as it takes until models of one shape are there, and some rounds with them.
  for (let rounds = 0; rounds < 40 && performance.now() < end; rounds += compiled() > 3 ? 1 : 0) {
    expect(bits((await embedder.embed(TEXTS)).data)).toEqual(expected);
  }
  expect(compiled(), 'models, of any shape and of one').toBeGreaterThan(3);
  expect(embedder.metrics().batches.bulk).toBeGreaterThan(10);
  expect(embedder.info.devices[0]?.counts).toMatchObject({ failures: 0, retries: 0, hangs: 0 });
  await embedder.close();
});
