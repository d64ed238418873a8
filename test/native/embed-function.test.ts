/** `ovembed/function`, with an embedder of this process and with that of a server. */
import { beforeAll, expect, test } from 'vitest';
import { embedFunction } from '../../lib/adapters/function/index.js';
import { Embedder } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { startServer } from './server/support.js';
import { temporaryFolder } from './support.js';

const TEXTS = ['the river runs', 'seven old mills'];
const OPTIONS = { precision: 'f32', streams: 1 } as const;
let model: string;
let embedder: Embedder;
beforeAll(async () => {
  model = temporaryFolder();
  writeTinyModel(tinyModels.prompts, model);
  embedder = await Embedder.load(model, OPTIONS);
  return () => embedder.close();
});

test('texts are documents, or queries where it is said so', async () => {
  const embed = embedFunction({ embedder });
  expect(await embed(TEXTS)).toEqual((await embedder.embedDocuments(TEXTS)).toArrays());
  const query = embedFunction({ embedder, inputType: 'query' });
  expect((await query(TEXTS))[0]).toEqual(Array.from(await embedder.embedQuery(TEXTS[0] as string)));
  expect(await embed([])).toEqual([]);
  await expect(embed('text' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
});

test('a signal of the call and one of the function both end it', async () => {
  const many = Array.from({ length: 3_000 }, (_, i) => `text ${i}`);
  const always = new AbortController();
  const embed = embedFunction({ embedder, signal: always.signal });
  const once = AbortSignal.abort('enough');
  await expect(embed(many, { signal: once })).rejects.toBe('enough');
  expect(await embed(['a'], { signal: new AbortController().signal })).toHaveLength(1);
  const asked = embed(many, { signal: new AbortController().signal });
  always.abort('closing time');
  await expect(asked).rejects.toBe('closing time');
});

test('a model by name is loaded once, and closed', async () => {
  const embed = embedFunction({ model, ...OPTIONS, dimensions: 8 });
  const [one, other] = await Promise.all([embed(TEXTS), embed(TEXTS)]);
  expect(one).toEqual((await embedder.embedDocuments(TEXTS, { dimensions: 8 })).toArrays());
  expect(other).toEqual(one);
  await embed.close();
  await expect(embed(TEXTS)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});

test('a list that is longer than a server takes goes to it in parts', async () => {
  const { url, embedder: served } = await startServer();
  await using remote = await Embedder.connect(url);
  const texts = Array.from({ length: 5_000 }, (_, i) => `text ${i % 30}`);
  const vectors = await embedFunction({ embedder: remote })(texts);
  expect(vectors).toHaveLength(5_000);
  expect(vectors.slice(4_980, 5_000)).toEqual((await served.embedDocuments(texts.slice(4_980))).toArrays());
});
