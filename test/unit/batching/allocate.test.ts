import { expect, test } from 'vitest';
import { Admission } from '../../../lib/batching/admission.js';
import { embedTokens } from '../../../lib/text/token-embeddings.js';
import { FakeWorld } from '../fake-native.js';

test('vectors per token for which there is no memory are an error with a remedy', async () => {
  const world = new FakeWorld();
  const engine = {
    tokenizer: world.tokenizer(),
    scheduler: { admission: new Admission({ texts: 10, tokens: 1_000 }) },
    plan: { buckets: [16], maxLength: 0, batchTokens: 64, maxBatchSize: 8 },
  };
  const request = {
    prompt: '',
    truncate: 'end',
    call: { name: 'embedTokens', priority: 'bulk', since: 0, queueTimeoutMs: 0, timeoutMs: 0 },
    infer: { output: 'tokens', dimensions: 0, normalize: false },
  };
  const scope = { signal: new AbortController().signal };
  const embedding = embedTokens(engine as never, request as never, ['text'], 2 ** 50, scope as never);
  await expect(embedding).rejects.toMatchObject({
    code: 'ERR_OUT_OF_MEMORY',
    message: expect.stringMatching(/fewer or shorter texts/),
  });
  expect(world.openEncodings).toBe(0);
  expect(engine.scheduler.admission.queue('bulk')).toMatchObject({ texts: 0, tokens: 0 });
});
