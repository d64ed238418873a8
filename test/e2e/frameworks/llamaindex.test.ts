/** `ovembed/llamaindex` with LlamaIndex.TS itself. */
import { describe, expect, test } from 'vitest';
import { missing, OPTIONS, QUERY, setting, TEXTS } from './support.js';

describe.skipIf(missing)('LlamaIndex', () => {
  const its = setting();
  const make = async (options: object = {}) =>
    new (await its.project.import('ovembed/llamaindex')).OvembedEmbedding({ embedder: its.embedder, ...options });

  test.each(['import', 'require'] as const)(
    'by %s it is a BaseEmbedding of the copy that the user has',
    async (way) => {
      const { BaseEmbedding } = await its.project[way]('@llamaindex/core/embeddings');
      const { OvembedEmbedding } = await its.project[way]('ovembed/llamaindex');
      const embedding = new OvembedEmbedding({ embedder: its.embedder });
      expect(embedding).toBeInstanceOf(BaseEmbedding);
      expect(await embedding.getTextEmbedding(TEXTS[0])).toEqual(its.documents[0]);
    },
  );

  test('documents and queries have their prompts; what is no text has no vector', async () => {
    const embedding = await make();
    expect(await embedding.getTextEmbeddingsBatch(TEXTS)).toEqual(its.documents);
    expect(await embedding.getQueryEmbedding({ type: 'text', text: QUERY })).toEqual(its.query);
    expect(await embedding.getQueryEmbedding({ type: 'image_url', image_url: { url: 'x' } })).toBeNull();
    expect(await embedding.getTextEmbeddingsBatch([])).toEqual([]);
    expect(embedding.embedInfo).toEqual({ dimensions: its.query.length, maxTokens: its.embedder.info.maxTokens });
    expect(embedding.similarity(its.query, its.query)).toBeCloseTo(1, 5);
  });

  test('LlamaIndex’s own way through batches, which empties the list that it hands out', async () => {
    const { batchEmbeddings } = await its.project.import('@llamaindex/core/embeddings');
    const { getTextEmbeddings } = await make();
    expect(await batchEmbeddings(TEXTS, getTextEmbeddings, 2)).toEqual(its.documents);
    // Emptied while the model is being loaded, as well.
    const { OvembedEmbedding } = await its.project.import('ovembed/llamaindex');
    await using embedding = new OvembedEmbedding({ model: its.project.model, ...OPTIONS });
    const list = [...TEXTS];
    const asked = embedding.getTextEmbeddings(list);
    list.length = 0;
    expect(await asked).toEqual(its.documents);
  });

  test('progress is told of after each batch', async () => {
    const told: number[][] = [];
    const logged: string[] = [];
    const texts = Array.from({ length: 25 }, (_, i) => `text ${i}`);
    const embedding = await make({ embedBatchSize: 10 });
    await embedding.getTextEmbeddingsBatch(texts, {
      progressCallback: (done: number, total: number) => told.push([done, total]),
      logProgress: true,
      logger: { log: (message: string) => logged.push(message) },
    });
    expect(told).toEqual([
      [10, 25],
      [20, 25],
      [25, 25],
    ]);
    expect(logged.at(-1)).toContain('25 / 25');
  });

  test('a pipeline gives each node its vector', async () => {
    const { Document, IngestionPipeline, SentenceSplitter } = await its.project.import('llamaindex');
    const pipeline = new IngestionPipeline({
      transformations: [new SentenceSplitter({ chunkSize: 64, chunkOverlap: 0 }), await make()],
    });
    const nodes = await pipeline.run({ documents: TEXTS.map((text) => new Document({ text })) });
    expect(nodes.map((node: { embedding: number[] }) => node.embedding)).toEqual(its.documents);
  });

  test('an index finds what it was given', async () => {
    const { Document, Settings, VectorStoreIndex } = await its.project.import('llamaindex');
    Settings.embedModel = await make();
    const index = await VectorStoreIndex.fromDocuments(TEXTS.map((text) => new Document({ text })));
    const found = await index.asRetriever({ similarityTopK: 3 }).retrieve({ query: QUERY });
    const dots = its.documents.map((row) => row.reduce((sum, x, i) => sum + x * (its.query[i] as number), 0));
    expect(found[0].node.text).toBe(TEXTS[dots.indexOf(Math.max(...dots))]);
    expect(found[0].score).toBeCloseTo(Math.max(...dots), 5);
  });

  test('limits, errors and closing', async () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `text ${i}`);
    const slow = await make({ timeoutMs: 1 });
    await expect(slow.getTextEmbeddingsBatch(many)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const { OvembedEmbedding } = await its.project.import('ovembed/llamaindex');
    const named = new OvembedEmbedding({ model: its.project.model, ...OPTIONS });
    expect(named.embedInfo).toBeUndefined();
    const embedder = await named.embedder();
    expect(named.embedInfo.dimensions).toBe(its.query.length);
    await named.close();
    expect(embedder.status().state).toBe('closed');
    await expect(named.getTextEmbedding('a')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});
