/** Calls whose model is still being loaded end when they are told to; the loading goes on, for others. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ovEmbedding } from '../../../lib/adapters/ai-sdk/model.js';
import { embedFunction } from '../../../lib/adapters/function/index.js';
import { LazyEmbedder } from '../../../lib/adapters/lazy-embedder.js';
import { OpenAI } from '../../../lib/adapters/openai/index.js';
import { embedQuery } from '../../../lib/adapters/rows.js';
import { Embedder } from '../../../lib/embedder.js';

const model = 'some/model';
const asked: { timeoutMs?: number }[] = [];
const embedder = {
  async *stream(texts: string[], options: object) {
    asked.push(options);
    for (const _ of texts) yield { embedding: Float32Array.of(1, 0), tokens: 1, truncated: false };
  },
  close: async () => {},
} as unknown as Embedder;

let finishLoading: (embedder: Embedder) => void;
let loads: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  asked.length = 0;
  const loading = new Promise<Embedder>((resolve) => {
    finishLoading = resolve;
  });
  loads = vi.spyOn(Embedder, 'load').mockReturnValue(loading);
});
afterEach(() => vi.restoreAllMocks());

describe('by a signal', () => {
  type Call = (signal: AbortSignal) => Promise<unknown>;
  const calls: [name: string, make: () => Call][] = [
    [
      'a function',
      () => {
        const embed = embedFunction({ model });
        return (signal) => embed(['a'], { signal });
      },
    ],
    [
      'the AI SDK',
      () => {
        const made = ovEmbedding({ model });
        return (abortSignal) => made.doEmbed({ values: ['a'], abortSignal }) as Promise<unknown>;
      },
    ],
  ];
  test.each(calls)('%s', async (_, make) => {
    const call = make();
    const controller = new AbortController();
    const ended = call(controller.signal);
    controller.abort('enough');
    await expect(ended).rejects.toBe('enough');
    await expect(call(AbortSignal.abort('before'))).rejects.toBe('before');
    expect(loads).toHaveBeenCalledTimes(1);
  });

  test('OpenAI’s client', async () => {
    const client = new OpenAI({ models: [{ model }] });
    const controller = new AbortController();
    const ended = client.embeddings.create({ model, input: 'a' }, { signal: controller.signal });
    controller.abort();
    await expect(ended).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
  });
});

describe('by their time', () => {
  test('lists and queries', async () => {
    await expect(embedFunction({ model, timeoutMs: 20 })(['a'])).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: 'embed did not finish within 20 ms.',
    });
    const lazy = new LazyEmbedder({ model, timeoutMs: 20 }, 'test');
    await expect(embedQuery(lazy, 'a')).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  test('OpenAI’s client', async () => {
    const client = new OpenAI({ models: [{ model }] });
    const ended = client.embeddings.create({ model, input: 'a' }, { timeout: 20 });
    await expect(ended).rejects.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
  });

  test('what the loading took is taken from the limit', async () => {
    const call = embedFunction({ model, timeoutMs: 5_000 })(['a']);
    setTimeout(() => finishLoading(embedder), 100);
    expect(await call).toEqual([[1, 0]]);
    expect(asked[0]?.timeoutMs).toBeLessThan(4_950);
  });
});

test('the loading goes on for the next call, and a failure of it is nobody’s', async () => {
  const embed = embedFunction({ model });
  await expect(embed(['a'], { signal: AbortSignal.timeout(1) })).rejects.toThrow('timeout');
  finishLoading(embedder);
  expect(await embed(['a'])).toEqual([[1, 0]]);
  expect(loads).toHaveBeenCalledTimes(1);

  let failLoading: (error: Error) => void = () => {};
  loads.mockReturnValue(
    new Promise<Embedder>((_, reject) => {
      failLoading = reject;
    }),
  );
  const failing = embedFunction({ model });
  await expect(failing(['a'], { signal: AbortSignal.timeout(1) })).rejects.toThrow('timeout');
  failLoading(new Error('no model')); // a rejection that nobody handles would fail the run
  await new Promise((resolve) => setTimeout(resolve, 10));
});

test('options that are none are told, with all that there are', () => {
  const code = 'ERR_INVALID_ARGUMENT';
  for (const make of [ovEmbedding, embedFunction] as ((options: never) => unknown)[]) {
    const refused = (message: string) => expect.objectContaining({ code, message: expect.stringContaining(message) });
    expect(() => make(model as never)).toThrow(refused(`for the options of ${make.name}, received "some/model"`));
    expect(() => make({ modelName: model } as never)).toThrow(refused(`Unknown option "modelName" for ${make.name}.`));
    expect(() => make({ modelName: model } as never)).toThrow(refused('Valid options: embedder, model, '));
  }
  expect(ovEmbedding().modelId).toBe('default');
});
