/** Models of more than 2,048 positions, whose attention is the fused operator: bits, precision, and rows of some length. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Embedder, type Precision } from '../../lib/index.js';
import { native } from '../../lib/native.js';
import { type ArchitectureFixture, writeArchitectureModel } from '../../scripts/models/architecture-model.mjs';
import { cosine, fixture, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const NAMES = ['modernbert-fused', 'gemma3-fused', 'qwen3-fused', 'new-ntk-fused'];
for (const name of NAMES)
  writeArchitectureModel(fixture<ArchitectureFixture>(`architectures/${name}.json`), join(folder, name));

const hasBf16 = (await native().devices()).find(({ name }) => name === 'CPU')?.capabilities.includes('BF16') ?? false;

/** Another text for every seed. */
function text(tokens: number, seed: number): Uint32Array {
  return Uint32Array.from({ length: tokens }, (_, i) => 5 + ((i * 7919 + i * i * 31 + seed * 101) % 200));
}

const LONG = text(300, 1);

async function vectors(name: string, precision: Precision) {
  const options = { precision, cacheDir: folder, streams: 2, batchTokens: 2048 } as const;
  const embedder = await Embedder.load(join(folder, name), options);
  try {
    const alone = (await embedder.embedDocuments([LONG])).at(0) as Float32Array;
    const texts = [text(290, 2), LONG, text(303, 3), text(7, 4), text(299, 5), LONG, text(304, 6)];
    const batch = await embedder.embedDocuments(texts);
    return { alone, together: [batch.at(1), batch.at(5), await embedder.embedQuery(LONG)] };
  } finally {
    await embedder.close();
  }
}

describe.each(NAMES)('%s', (name) => {
  test('a text has the same bits alone and in a batch', async () => {
    const { alone, together } = await vectors(name, 'f32');
    for (const vector of together) expect(vector).toEqual(alone);
  });

  test.skipIf(!hasBf16)('so it has in bf16, which is close to f32', async () => {
    const reference = await vectors(name, 'f32');
    const { alone, together } = await vectors(name, 'bf16');
    for (const vector of together) expect(vector).toEqual(alone);
    expect(cosine(alone, reference.alone)).toBeGreaterThan(0.995);
  });
});
