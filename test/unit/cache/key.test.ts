/** Keys differ where vectors could, and nowhere else. */
import { describe, expect, test } from 'vitest';
import { CacheKeys, type KeyContext } from '../../../lib/cache/key.js';

const context: KeyContext = {
  fingerprint: 'f'.repeat(64),
  precision: 'f32',
  activations: 'f32',
  buckets: [16],
  excludedPromptLength: 0,
  truncate: 'end',
  maxLength: 256,
  normalize: true,
  dimensions: 384,
  dtype: 'float32',
  ranges: null,
};
const keyOf = (changes: Partial<KeyContext>, input: string | Uint32Array = 'text') =>
  new CacheKeys('ovembed', { ...context, ...changes }).keyOf(input);

describe('a key', () => {
  test('has the prefix, the version and 64 digits', () => {
    expect(keyOf({})).toMatch(/^ovembed:v1:[0-9a-f]{64}$/);
  });

  test('is the same for the same, whatever the order of the fields', () => {
    const reversed = Object.fromEntries(Object.entries(context).reverse()) as unknown as KeyContext;
    expect(new CacheKeys('ovembed', reversed).keyOf('text')).toBe(keyOf({}));
  });

  test.each<[string, Partial<KeyContext>]>([
    ['fingerprint', { fingerprint: 'e'.repeat(64) }],
    ['precision', { precision: 'bf16' }],
    ['activations', { activations: 'int8' }],
    ['buckets', { buckets: [32] }],
    ['dtype', { dtype: 'float16' }],
    ['ranges', { ranges: 'd'.repeat(64) }],
    ['excludedPromptLength', { excludedPromptLength: 7 }],
    ['truncate', { truncate: 'error' }],
    ['maxLength', { maxLength: 128 }],
    ['normalize', { normalize: false }],
    ['dimensions', { dimensions: 128 }],
  ])('differs by %s', (_, changes) => {
    expect(keyOf(changes)).not.toBe(keyOf({}));
  });

  test('differs by one character, by case, by white space and by Unicode form', () => {
    const texts = ['text', 'Text', 'text ', ' text', 'te\u0301xt', 't\u00e9xt', 'te\0xt', ''];
    expect(new Set(texts.map((text) => keyOf({}, text))).size).toBe(texts.length);
  });

  test('of token ids is that of their values, and no text has it', () => {
    const ids = Uint32Array.of(101, 7592, 102);
    expect(keyOf({}, ids.subarray(1))).toBe(keyOf({}, Uint32Array.of(7592, 102)));
    expect(keyOf({}, ids)).not.toBe(keyOf({}, Uint32Array.of(101, 102, 7592)));
    expect(keyOf({}, Uint32Array.of(0x74786574))).not.toBe(keyOf({}, 'text'));
  });
});
