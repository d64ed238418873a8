import { expect, test } from 'vitest';
import { Embeddings } from '../../../lib/embeddings.js';

const embeddings = new Embeddings({
  data: Float32Array.of(1, 2, 3, 4, 5, 6),
  length: 3,
  dimensions: 2,
  dtype: 'float32',
  tokens: Uint32Array.of(3, 4, 5),
  originalTokens: Uint32Array.of(3, 4, 9),
  chunks: Uint32Array.of(1, 1, 1),
  truncated: Uint8Array.of(0, 0, 1),
  timings: { totalMs: 0, tokenizeMs: 0, queueMs: 0, inferMs: 0, poolMs: 0 },
  metadata: {
    device: 'CPU',
    devices: ['CPU'],
    precision: 'f32',
    activations: 'f32',
    batches: 1,
    paddedTokens: 48,
    cacheHits: 0,
    duplicates: 0,
  },
});

test('at() counts as Array.prototype.at does', () => {
  const rows = [...embeddings];
  for (const index of [0, 2, 3, -1, -3, -4, 1.9, -1.9, Number.NaN, Infinity]) {
    expect(embeddings.at(index), `at(${index})`).toEqual(rows.at(index));
  }
});

test('rows are views of the data', () => {
  expect(embeddings.at(1)?.buffer).toBe(embeddings.data.buffer);
  expect([...embeddings].map((row) => [...row])).toEqual(embeddings.toArrays());
  expect(embeddings.toArrays()).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  expect([embeddings.usage.tokens, embeddings.dtype]).toEqual([12, 'float32']);
});
