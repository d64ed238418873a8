/** `ovembed/langchain` with LangChain.js itself. */
import { describe, expect, test } from 'vitest';
import { missing, OPTIONS, QUERY, refusing, setting, TEXTS } from './support.js';

describe.skipIf(missing)('LangChain', () => {
  const its = setting();
  const make = async (options: object) =>
    new (await its.project.import('ovembed/langchain')).OvembedEmbeddings({ embedder: its.embedder, ...options });

  test.each(['import', 'require'] as const)('by %s it is an Embeddings of the copy that the user has', async (way) => {
    const { Embeddings } = await its.project[way]('@langchain/core/embeddings');
    const { OvembedEmbeddings } = await its.project[way]('ovembed/langchain');
    const embeddings = new OvembedEmbeddings({ embedder: its.embedder });
    expect(embeddings).toBeInstanceOf(Embeddings);
    expect(await embeddings.embedQuery(QUERY)).toEqual(its.query);
  });

  test('documents and queries have their prompts, as plain numbers', async () => {
    const embeddings = await make({});
    const vectors = await embeddings.embedDocuments(TEXTS);
    expect(vectors).toEqual(its.documents);
    expect(vectors.every(Array.isArray)).toBe(true);
    expect(await embeddings.embedQuery(TEXTS[0])).not.toEqual(its.documents[0]);
    expect(await embeddings.embedDocuments([])).toEqual([]);
    expect(await embeddings.embedQuery('')).toHaveLength(its.query.length);
  });

  test('a store finds what it was given', async () => {
    const { FakeVectorStore } = await its.project.import('@langchain/core/utils/testing');
    const store = await FakeVectorStore.fromTexts(TEXTS, [{ n: 0 }, { n: 1 }, { n: 2 }], await make({}));
    const dots = its.documents.map((row) => row.reduce((sum, x, i) => sum + x * (its.query[i] as number), 0));
    const best = dots.indexOf(Math.max(...dots));
    const [[document, score]] = await store.similaritySearchWithScore(QUERY, 1);
    expect(document.pageContent).toBe(TEXTS[best]);
    expect(score).toBeCloseTo(dots[best] as number, 5);
    const found = await store.asRetriever(2).invoke(QUERY);
    expect(found.map(({ metadata }: { metadata: { n: number } }) => metadata.n)[0]).toBe(best);
  });

  test('a long list is copied when it is given, and is cut into windows', async () => {
    const texts = Array.from({ length: 2_500 }, (_, i) => `text ${i % 50}`);
    const asked = (await make({})).embedDocuments(texts);
    const [first] = (await its.embedder.embedDocuments(['text 0'])).toArrays();
    texts.fill('other');
    const vectors = await asked;
    expect(vectors).toHaveLength(2_500);
    expect(vectors[50]).toEqual(first);
  });

  test('options of calls, and of the caller', async () => {
    expect(await (await make({ dimensions: 8 })).embedDocuments(TEXTS)).toEqual(
      (await its.embedder.embedDocuments(TEXTS, { dimensions: 8 })).toArrays(),
    );
    expect((await make({ maxConcurrency: 3 })).caller.maxConcurrency).toBe(3);
    await expect(make({ dimension: 8 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    const slow = await make({ timeoutMs: 1 });
    const many = Array.from({ length: 3_000 }, (_, i) => `text ${i}`);
    await expect(slow.embedDocuments(many)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const controller = new AbortController();
    const aborted = (await make({ signal: controller.signal })).embedDocuments(many);
    controller.abort();
    await expect(aborted).rejects.toThrow(controller.signal.reason);
  });

  test('a full queue is waited for as long as it says, a wrong text is told of at once', async () => {
    const { OvembedError } = its.ovembed;
    const full = refusing(its.embedder, 1, () => new OvembedError('ERR_OVERLOADED', 'full', { retryAfterMs: 2_200 }));
    const started = performance.now();
    expect(await (await make({ embedder: full.embedder, maxRetries: 2 })).embedDocuments(TEXTS)).toEqual(its.documents);
    expect(performance.now() - started).toBeGreaterThan(2_150); // alone it would be 1 to 2 s
    const wrong = refusing(its.embedder, 9, () => new OvembedError('ERR_INPUT_TOO_LONG', 'long'));
    await expect((await make({ embedder: wrong.embedder, maxRetries: 2 })).embedQuery('a')).rejects.toMatchObject({
      code: 'ERR_INPUT_TOO_LONG',
    });
    expect(wrong.calls).toBe(1);
    const refused = refusing(its.embedder, 9, () => new OvembedError('ERR_OVERLOADED', 'full', { retryAfterMs: 1 }));
    await expect((await make({ embedder: refused.embedder })).embedQuery('a')).rejects.toThrow('full');
    expect(refused.calls).toBe(1); // none are made unless they are asked for
  });

  test('a model by name is loaded with the first call, once, and closed with it', async () => {
    const { OvembedEmbeddings } = await its.project.import('ovembed/langchain');
    const embeddings = new OvembedEmbeddings({ model: its.project.model, ...OPTIONS, maxRetries: 2 });
    const [documents, query] = await Promise.all([embeddings.embedDocuments(TEXTS), embeddings.embedQuery(QUERY)]);
    expect({ documents, query }).toEqual({ documents: its.documents, query: its.query });
    const embedder = await embeddings.embedder();
    expect(embedder.info.fingerprint).toBe(its.embedder.info.fingerprint);
    await embeddings.close();
    expect(embedder.status().state).toBe('closed');
    await expect(embeddings.embedQuery('a')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    const none = new OvembedEmbeddings({ model: '/nowhere', maxRetries: 6 });
    await expect(none.embedQuery('a')).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
    expect(() => new OvembedEmbeddings({ model: 'm', dimension: 3 })).toThrow('Did you mean dimensions?');
    const given = await make({});
    await given.close();
    expect(its.embedder.status().state).toBe('ready');
  });
});
