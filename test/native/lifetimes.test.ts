/** How long what the addon hands out lives, and what it may be blocked by: the seam itself, below Embedder. */
import { cpSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { type NativeEncoding, type NativePipeline, native, type PipelineOptions } from '../../lib/native.js';
import { miniLM, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const model = join(folder, 'model');
const TOKENIZE = { maxLength: 0, offsets: false, addSpecialTokens: true };
const POOLED = { bucket: 16, output: 'pooled', dimensions: 0, normalize: true } as const;

beforeAll(() => cpSync(miniLM(), model, { recursive: true, dereference: true }));

const loadTokenizer = () => native().loadTokenizer({ file: join(model, 'tokenizer.json') });

function loadPipeline(options: Partial<PipelineOptions> = {}): Promise<NativePipeline> {
  return native().loadPipeline({
    source: { kind: 'safetensors', file: join(model, 'model.safetensors') },
    device: 'CPU',
    precision: 'f32',
    int8Weights: false,
    int8Activations: false,
    streams: 1,
    threads: 1,
    shape: null,
    pooling: ['MEAN'],
    modules: [],
    paddingSide: 'right',
    padTokenId: 0,
    blobFile: null,
    ...options,
  });
}

async function encode(text: string): Promise<NativeEncoding> {
  const tokenizer = await loadTokenizer();
  const encoding = await tokenizer.encode([text], TOKENIZE);
  tokenizer.close();
  return encoding;
}

test('a pipeline that nobody holds any more finishes its batches', async () => {
  const part = { encoding: await encode('the river runs past the old mill'), rows: new Uint32Array(8) };
  const batches = await (async () => {
    const pipeline = await loadPipeline();
    return Array.from({ length: 40 }, () => pipeline.infer([part], POOLED));
  })();
  await nextTurn();
  global.gc?.();
  const settled = await Promise.allSettled(batches);
  expect(settled.filter(({ status }) => status === 'rejected')).toEqual([]);
});

test('a tokenizer and the devices do not wait for models that load', async () => {
  await native().devices();
  const order: string[] = [];
  const note = <T>(name: string, work: Promise<T>): Promise<T> => work.finally(() => order.push(name));
  const loads = Array.from({ length: 3 }, () => note('model', loadPipeline({ threads: 2 })));
  await Promise.all([...loads, note('other', loadTokenizer()), note('other', native().devices())]);
  expect(order).toEqual(['other', 'other', 'model', 'model', 'model']);
  for (const pipeline of await Promise.all(loads)) await pipeline.close();
});

test('a closed tokenizer finishes the calls under way and refuses later ones', async () => {
  const tokenizer = await loadTokenizer();
  const [encoding, texts] = [tokenizer.encode(['the river'], TOKENIZE), tokenizer.decode([Uint32Array.of(2314)], true)];
  tokenizer.close();
  tokenizer.close();
  expect((await encoding).lengths).toEqual(Uint32Array.of(4));
  expect((await texts).length).toBe(1);
  const closed = expect.objectContaining({ code: 'ERR_CLOSED' });
  expect(() => tokenizer.encode(['the river'], TOKENIZE)).toThrow(closed);
  expect(() => tokenizer.decode([], true)).toThrow(closed);
  expect(tokenizer.vocabSize).toBe(30_522);
});

test('wrapped classes take no External of others', async () => {
  const server = createServer().listen(0);
  const socket = connect((server.address() as AddressInfo).port);
  const foreign = (socket as unknown as { _handle: { _externalStream: unknown } })._handle._externalStream;
  const NativeTokenizer = (await loadTokenizer()).constructor;
  expect(() => Reflect.construct(NativeTokenizer, [foreign])).toThrow(
    'NativeTokenizer is made by loading, not by new.',
  );
  socket.destroy();
  server.close();
});

// Last, as it destroys the model of this file. A failure shows as the end of the test's process by SIGBUS.
test('once its blob is kept, a running model does not care what happens to the weights', async () => {
  const part = { encoding: await encode('the river'), rows: Uint32Array.of(0) };
  // Two streams, so that no engine of the tests above is shared.
  const pipeline = await loadPipeline({ streams: 2, blobFile: join(folder, 'blobs/model.blob') });
  expect([pipeline.fromBlob, pipeline.blobProblem]).toEqual([false, null]);
  expect(readdirSync(join(folder, 'blobs'))).toEqual(['model.blob']);
  const { data } = await pipeline.infer([part], POOLED);
  writeFileSync(join(model, 'model.safetensors'), Buffer.alloc(91_000_000), { flag: 'r+' });
  expect((await pipeline.infer([part], POOLED)).data).toEqual(data);
  truncateSync(join(model, 'model.safetensors'));
  expect((await pipeline.infer([part], POOLED)).data).toEqual(data);
  await pipeline.close();
});
