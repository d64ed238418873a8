/** How calls behave on the real engine: order, bits, ends by abort, timeout and close, and what unusual texts give. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder, OvembedError } from '../../lib/index.js';
import { bits, fixture, miniLM, temporaryFolder } from './support.js';

const cacheDir = temporaryFolder();
const load = () => Embedder.load(miniLM(), { precision: 'f32', cacheDir });
const texts = fixture<string[]>('oracle/all-MiniLM-L6-v2/texts.json').filter((_, i) => i % 4 === 0);
const long = Array.from({ length: 600 }, (_, i) => `${i} the river runs past the old mill `.repeat(12));

let embedder: Embedder;
beforeAll(async () => {
  embedder = await load();
});
afterAll(() => embedder.close());

describe("a text's vector has the same bits", () => {
  let alone: number[][];
  beforeAll(async () => {
    alone = [];
    for (const text of texts) alone.push(bits(await embedder.embedQuery(text)));
  });

  test('in a list, in reverse, twice, and in several calls at once', async () => {
    const [list, reversed, twice] = await Promise.all([
      embedder.embed(texts),
      embedder.embed(texts.toReversed()),
      embedder.embed([...texts, ...texts]),
    ]);
    expect([...list].map(bits)).toEqual(alone);
    expect([...reversed].map(bits).reverse()).toEqual(alone);
    expect([...twice].map(bits)).toEqual([...alone, ...alone]);
  });

  test('in a stream with windows of any size', async () => {
    for (const batchSize of [1, 7, 512]) {
      const streamed: number[][] = [];
      for await (const { embedding } of embedder.stream(texts, { batchSize })) streamed.push(bits(embedding));
      expect(streamed).toEqual(alone);
    }
  });

  test('with other batch limits, streams and threads', async () => {
    const variants = [
      { batchTokens: 256 },
      { maxBatchSize: 3 },
      { streams: 1, threads: 1 },
      { streams: 1, threads: 2 },
    ];
    for (const variant of variants) {
      await using other = await Embedder.load(miniLM(), { precision: 'f32', cacheDir, ...variant });
      expect([...(await other.embed(texts))].map(bits), JSON.stringify(variant)).toEqual(alone);
    }
  });
});

describe('the end of a call', () => {
  test('an abort rejects with its reason, soon, and leaves the embedder in order', async () => {
    const controller = new AbortController();
    const call = embedder.embed(long, { signal: controller.signal });
    const reason = new Error('not wanted any more');
    setTimeout(() => controller.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
    expect((await embedder.embed(['the river'])).length).toBe(1);
  });

  test('a timeout rejects with ERR_TIMEOUT', async () => {
    await expect(embedder.embed(long, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  test('close() waits for what is in flight; later calls are refused by an OvembedError', async () => {
    const other = await load();
    const call = other.embed(texts);
    await other.close();
    expect((await call).length).toBe(texts.length);
    for (const late of [
      () => other.embed(['a']),
      () => other.embedDocuments(['a']),
      () => other.embedQuery('a'),
      () => other.embedTokens(['a']),
      () => other.tokenize(['a']),
      () => other.countTokens(['a']),
      () => other.decode([101]),
      async () => other.stream(['a']),
    ]) {
      const error = await late().catch((problem: unknown) => problem);
      expect(error).toBeInstanceOf(OvembedError);
      expect(error).toMatchObject({ code: 'ERR_CLOSED' });
    }
    await other.close();
  });
});

test('the event loop is free while a list is embedded', async () => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await embedder.embed(long);
  delay.disable();
  // A generous bound, as other programs share the machine; the bench measures the real figure. A blocked loop shows
  // as the whole call's time, some seconds.
  expect(delay.percentile(50) / 1e6).toBeLessThan(20);
  expect(delay.max / 1e6).toBeLessThan(500);
});

describe('unusual texts', () => {
  const vector = async (text: string) => bits(await embedder.embedQuery(text));

  test('empty and white-space texts are those of [CLS] [SEP]', async () => {
    const empty = await vector('');
    expect(await vector(' \t\r\n')).toEqual(empty);
    expect(bits(await embedder.embedQuery([101, 102]))).toEqual(empty);
  });

  test('NUL is dropped by the tokenizer of BERT, without a word boundary', async () => {
    expect(await vector('ri\0ver')).toEqual(await vector('river'));
  });

  test('a lone surrogate is refused, by index and place', async () => {
    const call = embedder.embed(['fine', 'broken \ud83d here']);
    await expect(call).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/index 1\b.*\b7\b/s),
    });
  });

  test('a text of a million characters is cut and says so', async () => {
    const { tokens, originalTokens, truncated } = await embedder.embed(['river '.repeat(170_000)]);
    expect([...tokens, ...originalTokens, ...truncated]).toEqual([256, 170_002, 1]);
  });

  test('no texts give no rows', async () => {
    expect((await embedder.embed([])).length).toBe(0);
  });
});
