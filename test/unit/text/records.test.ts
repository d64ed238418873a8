/** Records with their vectors: what is set, what is left out, what fails, and in how much memory. */
import { expect, test } from 'vitest';
import { FakeWorld, vectorOf } from '../fake-native.js';
import { loadFake } from '../load-fake.js';

interface Row {
  id: number;
  title: string;
  embedding?: Float32Array;
  embeddingHash?: string;
}

const rows = (count: number): Row[] => Array.from({ length: count }, (_, id) => ({ id, title: `row ${id}` }));
const TEXT = { text: 'title' } as const;

test('get their vectors as a field, and stay what they were', async () => {
  await using embedder = await loadFake();
  const records = rows(3);
  const [first] = records;
  const report = await embedder.embedRecords(records, TEXT);
  expect(report).toEqual({ records: 3, embedded: 3, unchanged: 0, failed: [], tokens: 21 });
  expect(records[0]).toBe(first);
  expect(first).toEqual({
    id: 0,
    title: 'row 0',
    embedding: vectorOf('row 0'),
    embeddingHash: expect.stringMatching(/^ovembed:v1:[0-9a-f]{64}$/),
  });
  await embedder.embedRecords(records, { text: ({ title }) => title.toUpperCase(), into: 'upper', asArray: true });
  expect((records[2] as unknown as Record<string, unknown>).upper).toEqual([...vectorOf('ROW 2')]);
});

test('are left out as long as nothing changes that the vector depends on', async () => {
  const world = new FakeWorld();
  await using embedder = await loadFake(world);
  const records = rows(4);
  const run = (options = {}) => embedder.embedRecords(records, { ...TEXT, ...options });
  await run();
  const batches = world.batches.length;
  expect(await run()).toMatchObject({ embedded: 0, unchanged: 4, tokens: 0 });
  expect(world.batches.length).toBe(batches);
  (records[1] as Row).title = 'another';
  expect(await run()).toMatchObject({ embedded: 1, unchanged: 3 });
  expect(records[1]?.embedding).toEqual(vectorOf('another'));
  for (const options of [
    { prompt: 'q: ' },
    { dimensions: 2 },
    { dtype: 'float16' },
    { normalize: false },
    { truncate: 'chunk' },
  ]) {
    expect(await run(options)).toMatchObject({ embedded: 4 });
    expect(await run(options)).toMatchObject({ unchanged: 4 });
  }
  await using other = await loadFake(new FakeWorld(), { maxLength: 5 });
  expect(await other.embedRecords(records, { ...TEXT, truncate: 'chunk' })).toMatchObject({ embedded: 4 });
  delete (records[0] as Row).embedding;
  expect(await other.embedRecords(records, { ...TEXT, truncate: 'chunk' })).toMatchObject({ embedded: 1 });
  expect(await other.embedRecords(records, { ...TEXT, truncate: 'chunk', hashInto: false })).toMatchObject({
    embedded: 4,
  });
});

test('may have their hashes elsewhere', async () => {
  await using embedder = await loadFake();
  const records = rows(3);
  await embedder.embedRecords(records, TEXT);
  const known = new Map<unknown, string>(records.map(({ id, embeddingHash }) => [id, embeddingHash as string]));
  known.delete(2);
  const again = rows(3);
  expect(await embedder.embedRecords(again, { ...TEXT, known })).toMatchObject({ embedded: 1, unchanged: 2 });
  expect(again.map(({ embedding }) => embedding !== undefined)).toEqual([false, false, true]);
});

test('that fail are told with index and id, and the others are embedded', async () => {
  const world = new FakeWorld();
  await using embedder = await loadFake(world, { maxLength: 12 });
  const records = rows(40) as (Row & { title: unknown })[];
  const bad = { 3: 'half \ud800', 7: undefined, 11: 'much longer than the model reads', 12: 'poison', 30: 'poison' };
  for (const [i, title] of Object.entries(bad)) (records[Number(i)] as { title: unknown }).title = title;
  world.poison.add('poison');
  Object.freeze(records[39]);
  const text = (row: Row) => {
    if (row.id === 20) throw new Error('no text');
    return row.title;
  };
  const options = { text, truncate: 'error', batchSize: 16 } as const;
  const report = await embedder.embedRecords(records, { ...options, onError: 'collect' });
  expect(report).toMatchObject({ records: 40, embedded: 33, unchanged: 0 });
  const told = report.failed.map(({ index, id, error }) => [index, id, (error as { code?: string }).code]);
  expect(told).toEqual([
    [3, 3, 'ERR_INVALID_ARGUMENT'],
    [7, 7, 'ERR_INVALID_ARGUMENT'],
    [11, 11, 'ERR_INPUT_TOO_LONG'],
    [12, 12, 'ERR_NON_FINITE'],
    [20, 20, undefined],
    [30, 30, 'ERR_NON_FINITE'],
    [39, 39, undefined],
  ]);
  expect(String(report.failed[3]?.error)).toContain('index 12');
  expect(records.filter(({ embedding }) => embedding).length).toBe(33);
  for (const i of [0, 10, 13, 29, 38]) expect(records[i]?.embedding).toEqual(vectorOf(`row ${i}`));
  expect(world.openEncodings).toBe(0);
  await expect(embedder.embedRecords(records.slice(8), options)).rejects.toMatchObject({
    code: 'ERR_INPUT_TOO_LONG',
    message: expect.stringContaining('index 3'),
  });
});

test('come in any number, one window after the other, and the source is closed when nobody wants more', async () => {
  const world = new FakeWorld();
  await using embedder = await loadFake(world);
  let made = 0;
  let closed = false;
  async function* source() {
    try {
      for (;;) yield { id: made++, title: `row ${made}` } as Row;
    } finally {
      closed = true;
    }
  }
  let taken = 0;
  for await (const { id, embedding } of embedder.streamRecords(source(), { ...TEXT, batchSize: 10 })) {
    expect([id, embedding]).toEqual([taken, vectorOf(`row ${taken + 1}`)]);
    expect(made).toBeLessThanOrEqual(taken + 31);
    if (++taken === 200) break;
  }
  expect(closed).toBe(true);
  expect(embedder.status().queue.bulk).toMatchObject({ texts: 0 });
});

test('end with an abort, whatever is collected', async () => {
  const world = new FakeWorld();
  await using embedder = await loadFake(world);
  const ended = new AbortController();
  world.onInfer = () => ended.abort(new Error('enough'));
  const options = { ...TEXT, onError: 'collect', signal: ended.signal } as const;
  await expect(embedder.embedRecords(rows(9), options)).rejects.toThrow('enough');
});

test.each([
  [{}, 'text'],
  [{ text: 5 }, 'text'],
  [{ text: 'title', known: [] }, 'known'],
  [{ text: 'title', onError: 'skip' }, 'onError'],
  [{ text: 'title', hashinto: 'x' }, 'hashInto'],
])('refuse the options %j', async (options, name) => {
  await using embedder = await loadFake();
  const error = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(name) };
  await expect(embedder.embedRecords(rows(1), options as never)).rejects.toMatchObject(error);
  await expect(embedder.embedRecords(5 as never, TEXT)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
});
