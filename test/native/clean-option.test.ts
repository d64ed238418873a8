/** `clean` among the options of embedding calls. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { clean } from '../../lib/text/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from './support.js';

const PAGES = ['<p>the river runs</p><script>x()</script>', 'seven “old” mills', '\ud800 a mill'];
const steps = { wellFormed: true, html: true, typography: true } as const;
const texts = PAGES.map((page) => clean(page, steps).text);

let embedder: Embedder;
beforeAll(async () => {
  const folder = temporaryFolder();
  writeTinyModel(tinyModels.mean, folder);
  embedder = await Embedder.load(folder, { precision: 'f32' });
});
afterAll(() => embedder.close());

test('lists and streams have the vectors of the cleaned texts', async () => {
  const { data } = await embedder.embedDocuments(texts);
  expect((await embedder.embedDocuments(PAGES, { clean: steps })).data).toEqual(data);
  expect((await embedder.embed(PAGES, { clean: steps })).data).toEqual((await embedder.embed(texts)).data);
  const streamed: Float32Array[] = [];
  for await (const { embedding } of embedder.stream(PAGES, { clean: steps, inputType: 'document' })) {
    streamed.push(embedding.slice());
  }
  expect(Float32Array.from(streamed.flatMap((vector) => [...vector]))).toEqual(data);
});

test("the caller's list stays as it is, and token ids are taken as they are", async () => {
  const list = [PAGES[0] as string];
  await embedder.embed(list, { clean: steps });
  expect(list).toEqual([PAGES[0]]);
  const [tokens] = await embedder.tokenize(['a mill']);
  const ids = tokens?.ids as Uint32Array;
  expect((await embedder.embed([ids], { clean: steps })).data).toEqual((await embedder.embed([ids])).data);
});

describe('what does not fit is told of', () => {
  test.for([
    [{ minChars: 3 }, 'minChars'],
    [{ htlm: true }, 'html'],
    [true, 'clean'],
  ])('%j', async ([option, named]) => {
    await expect(embedder.embedDocuments(PAGES, { clean: option as object })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(named as string),
    });
  });
});
