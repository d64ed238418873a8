/** encodeNow(): what encode() gives, at once. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NativeEncoding, NativeTokenizer } from '../../lib/native.js';
import { native } from '../../lib/native.js';
import { miniLM } from './support.js';

const options = { maxLength: 16, offsets: true, addSpecialTokens: true };
const inputs = ['the river', 'a long walk along the river '.repeat(5), '', new Uint32Array([101, 2314, 102])];

let tokenizer: NativeTokenizer;
beforeAll(async () => {
  tokenizer = await native().loadTokenizer({ file: join(miniLM(), 'tokenizer.json') });
});
afterAll(() => tokenizer.close());

const content = (encoding: NativeEncoding) => ({
  lengths: encoding.lengths,
  originalLengths: encoding.originalLengths,
  truncated: encoding.truncated,
  ...encoding.tokens(),
});

test('gives the same encoding', async () => {
  const now = content(tokenizer.encodeNow(inputs, options));
  expect(now).toEqual(content(await tokenizer.encode(inputs, options)));
  expect([...now.truncated]).toEqual([0, 1, 0, 0]);
});

test('throws what encode() rejects with', async () => {
  const wrong = [new Uint32Array([4_000_000])];
  const rejection = await tokenizer.encode(wrong, options).catch((error: unknown) => error);
  expect(rejection).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  expect(() => tokenizer.encodeNow(wrong, options)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: (rejection as Error).message }),
  );
});

test('is refused once the tokenizer is closed', async () => {
  const other = await native().loadTokenizer({ file: join(miniLM(), 'tokenizer.json') });
  other.close();
  expect(() => other.encodeNow(['a'], options)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
});
