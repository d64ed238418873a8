import { expect, test } from 'vitest';
import { embedTokens } from '../../../lib/text/token-embeddings.js';
import { FakeWorld } from '../fake-native.js';

test('vectors per token for which there is no memory are an error with a remedy', async () => {
  const world = new FakeWorld();
  const engine = {
    tokenizer: world.tokenizer(),
    plan: { buckets: [16], maxLength: 0, batchTokens: 64, maxBatchSize: 8 },
  };
  const request = {
    prompt: '',
    truncate: 'end',
    priority: 'bulk',
    infer: { output: 'tokens', dimensions: 0, normalize: false },
  };
  const scope = { signal: new AbortController().signal };
  const embedding = embedTokens(engine as never, request as never, ['text'], 2 ** 50, scope as never);
  await expect(embedding).rejects.toMatchObject({ code: 'ERR_OUT_OF_MEMORY', message: /fewer or shorter texts/ });
  expect(world.openEncodings).toBe(0);
});
