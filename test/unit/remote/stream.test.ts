/** `RemoteEmbedder.stream` has the pace of `Embedder.stream`, as both are one; here is what differs: how windows are sent. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { collect, Feed } from '../embedder/stream-support.js';
import { asOvembed, serve } from './fake-server.js';

test('a source that waits for each result before it goes on is answered', async () => {
  await using remote = await Embedder.connect(await serve(asOvembed()));
  let results = 0;
  async function* source() {
    for (let i = 1; i <= 3; i++) {
      yield 'x'.repeat(i);
      while (results < i) await delay(1);
    }
  }
  for await (const { index, embedding } of remote.stream(source())) {
    expect(Array.from(embedding)).toEqual([index + 1]);
    results++;
  }
  expect(results).toBe(3);
});

test('a source that answers is read into whole windows', async () => {
  const windows: number[] = [];
  await using remote = await Embedder.connect(await serve(asOvembed(({ inputs }) => windows.push(inputs.length))));
  const items = await collect(remote.stream(Array(20).fill('x'), { batchSize: 8 }));
  expect(items.length).toBe(20);
  expect(windows.sort()).toEqual([4, 8, 8]);
});

test('token ids are those of when they were read', async () => {
  await using remote = await Embedder.connect(await serve(asOvembed()));
  function* source() {
    const ids = new Uint32Array(1);
    for (let i = 1; i <= 3; i++) {
      ids[0] = i;
      yield ids;
    }
  }
  const items = await collect(remote.stream(source()));
  expect(items.map(({ embedding }) => embedding[0])).toEqual([1, 2, 3]);
});

test('what comes before a window that fails is handed out', async () => {
  const answer = asOvembed(async ({ inputs }, response) => {
    if (inputs.includes('bad')) response.writeHead(400).end(JSON.stringify({ code: 'ERR_INPUT_TOO_LONG' }));
    else await delay(50);
  });
  await using remote = await Embedder.connect(await serve(answer));
  const stream = remote.stream(['a', 'bad', 'c'], { batchSize: 1 });
  expect((await stream.next()).value?.index).toBe(0);
  await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_INPUT_TOO_LONG' });
  expect((await stream.next()).done).toBe(true);
});

test('leaving ends a next() that waits for the source', async () => {
  await using remote = await Embedder.connect(await serve(asOvembed()));
  const feed = new Feed();
  const stream = remote.stream(feed);
  const next = stream.next();
  await stream.return();
  expect((await next).done).toBe(true);
  expect(feed.closed).toBe(true);
});

test('what is no source is refused at once', async () => {
  await using remote = await Embedder.connect(await serve(asOvembed()));
  for (const source of ['hello', 5, undefined]) {
    expect(() => remote.stream(source as never)).toThrow('iterable of strings or token ids for stream');
  }
});
