/** Connections that break, servers that are busy, and downloads that go on where an earlier one ended. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { RequestFailure } from '../../../../lib/models/hub/failures.js';
import { RETRY_POLICY, retrying, waitAskedFor } from '../../../../lib/models/hub/retry.js';
import type { DownloadProgress } from '../../../../lib/models/index.js';
import { type Answer, COMMIT, type Fault, send, sha256 } from '../../../fake-hub/server.js';
import { failure, MINI, writeFiles } from '../folders.js';
import { HubBench } from './support.js';

const FILE = 'model.safetensors';
const weights = MINI[FILE] as string;
const partial = `blobs/${sha256(weights)}.incomplete`;
const stored = (hub: HubBench) => readFileSync(join(hub.repo, 'snapshots', COMMIT, FILE), 'utf8');
const ranges = (hub: HubBench) => hub.downloads(FILE).map(({ range }) => range);

/** Applies to the first answers for the weights, or the file given, and then no more. */
function first(times: number, give: (answer: Answer) => void, file = FILE, on = 'storage'): Fault {
  return (answer) => {
    const isMeant = answer.file === file && answer.on === on && times > 0;
    if (isMeant) {
      times--;
      give(answer);
    }
    return isMeant;
  };
}

/** Sends so many bytes of the body, and breaks the connection once the client has them. */
function cut(after: number, hub: () => HubBench): (answer: Answer) => void {
  return async ({ file, response, status, headers, body, content }) => {
    response.writeHead(status, { 'content-length': body.length, ...headers });
    response.flushHeaders();
    if (after > 0) response.write(body.subarray(0, after));
    const partialFile = join(hub().repo, 'blobs', `${hub().etag(file)}.incomplete`);
    const wanted = content.length - body.length + after;
    const size = () => statSync(partialFile, { throwIfNoEntry: false })?.size ?? 0;
    for (let i = 0; size() < wanted && i < 500; i++) await sleep(10);
    response.destroy();
  };
}

describe('a body that is cut', () => {
  test.each(Array.from(weights, (_, byte) => byte))('after byte %i is gone on with', async (byte) => {
    const hub = await HubBench.start();
    hub.fault = first(
      1,
      cut(byte, () => hub),
    );
    const progress: DownloadProgress[] = [];
    await hub.resolve({ onProgress: (event) => progress.push(event) });
    expect(stored(hub)).toBe(weights);
    expect(ranges(hub)).toEqual([undefined, byte > 0 ? `bytes=${byte}-` : undefined]);
    expect(existsSync(join(hub.repo, partial))).toBe(false);
    const seen = progress.filter(({ file }) => file === FILE).map(({ receivedBytes }) => receivedBytes);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(weights.length);
  });

  test('after every byte: as long as some come, there is no end of tries', async () => {
    const hub = await HubBench.start();
    hub.fault = first(
      weights.length - 1,
      cut(1, () => hub),
    );
    await hub.resolve();
    expect(stored(hub)).toBe(weights);
    expect(ranges(hub)).toHaveLength(weights.length);
  });

  test('of a small file', async () => {
    const hub = await HubBench.start();
    const twice = first(
      2,
      cut(3, () => hub),
      'tokenizer.json',
      'hub',
    );
    hub.fault = (answer) => answer.method === 'GET' && twice(answer);
    await hub.resolve();
    expect(hub.downloads('tokenizer.json').map(({ range }) => range)).toEqual([undefined, 'bytes=3-', 'bytes=6-']);
  });
});

describe('what an earlier process left', () => {
  test.each([
    ['a beginning is gone on with', 'wei', ['bytes=3-']],
    ['nothing', '', [undefined]],
    ['all of it is fetched no more', weights, []],
    ['more than all of it', `${weights}!`, [undefined]],
    ['something else is fetched again', 'WEI', ['bytes=3-', undefined]],
    ['something else of the same size', 'WEIGHTS', [undefined]],
  ])('%s', async (_, left, asked) => {
    const hub = await HubBench.start();
    writeFiles(hub.repo, { [partial]: left });
    await hub.resolve();
    expect(stored(hub)).toBe(weights);
    expect(ranges(hub)).toEqual(asked);
  });

  test('is not gone on with by a server that knows no parts', async () => {
    const hub = await HubBench.start(
      {},
      first(9, (answer) => send({ ...answer, status: 200, body: answer.content })),
    );
    writeFiles(hub.repo, { [partial]: 'wei' });
    await hub.resolve();
    expect(stored(hub)).toBe(weights);
  });

  test.each(['bytes 2-6/7', 'bytes */7', 'nonsense'])(
    'an answer with the part "%s" is not taken for another',
    async (range) => {
      const wrong = (answer: Answer) => send({ ...answer, headers: { ...answer.headers, 'content-range': range } });
      const hub = await HubBench.start({}, first(9, wrong));
      writeFiles(hub.repo, { [partial]: 'wei' });
      expect((await failure(hub.resolve())).code).toBe('ERR_DOWNLOAD');
      expect(readdirSync(join(hub.repo, 'blobs'))).not.toContain(sha256(weights));
    },
  );
});

describe('a server that is busy', () => {
  test.each([408, 429, 500, 502, 503, 504])('HTTP %i is tried again', async (status) => {
    const hub = await HubBench.start(
      {},
      first(2, ({ response }) => response.writeHead(status).end()),
    );
    await hub.resolve();
    expect(stored(hub)).toBe(weights);
    expect(ranges(hub)).toHaveLength(3);
  });

  test('is left alone for as long as it asks', async () => {
    const busy = ({ response }: Answer) => response.writeHead(503, { 'retry-after': '1' }).end();
    const hub = await HubBench.start({}, first(1, busy, 'modules.json', 'hub'));
    const started = performance.now();
    await hub.resolve();
    expect(performance.now() - started).toBeGreaterThanOrEqual(995);
  });

  test('is not waited for if it asks for too long', async () => {
    const busy = ({ response }: Answer) => response.writeHead(429, { 'retry-after': '3600' }).end();
    const hub = await HubBench.start({}, first(9, busy));
    const problem = await failure(hub.resolve());
    expect(problem.message).toContain('HTTP 429');
    expect(problem.message).toContain('come back in 3600 s');
  });

  test('an abort ends the wait', async () => {
    const busy = ({ response }: Answer) => response.writeHead(429, { 'retry-after': '2' }).end();
    const hub = await HubBench.start({}, first(9, busy));
    const started = performance.now();
    await expect(hub.resolve({ signal: AbortSignal.timeout(300) })).rejects.toThrow('timeout');
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test('an address of the storage that has become too old is asked for anew', async () => {
    const hub = await HubBench.start(
      {},
      first(1, ({ response }) => response.writeHead(403).end()),
    );
    await hub.resolve();
    expect(stored(hub)).toBe(weights);
  });

  test.each([
    [{}, undefined],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:09 GMT' }, 8_000],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ ratelimit: '"resolvers";r=0;t=55', 'retry-after': '7' }, 56_000],
    [{ ratelimit: '"resolvers";r=3;t=55' }, undefined],
  ])('%j asks for %s ms', (headers, expected) => {
    expect(waitAskedFor(headers, 1_000)).toBe(expected);
  });
});

test('delays grow and are spread', async () => {
  const policy = { ...RETRY_POLICY, attempts: 4, firstDelayMs: 40, longestDelayMs: 100 };
  const at: number[] = [];
  const work = async () => {
    at.push(performance.now());
    throw new RequestFailure('address', 'reason', { passing: true });
  };
  await expect(retrying(policy, work)).rejects.toThrow('reason (4 tries)');
  const delays = at.slice(1).map((time, i) => time - (at[i] as number));
  for (const [i, [least, most]] of [
    [20, 40],
    [40, 80],
    [50, 100],
  ].entries()) {
    expect(delays[i]).toBeGreaterThanOrEqual((least as number) - 2);
    expect(delays[i]).toBeLessThan((most as number) + 60);
  }
});

describe('calls at once', () => {
  test('share one download of each file', async () => {
    const hub = await HubBench.start();
    const models = await Promise.all(Array.from({ length: 5 }, () => hub.resolve()));
    expect(new Set(models.map(({ folder }) => folder)).size).toBe(1);
    for (const file of Object.keys(MINI)) expect(hub.downloads(file), file).toHaveLength(1);
  });

  test('one that is aborted while it waits leaves the other alone', async () => {
    let letGo = () => {};
    const hub = await HubBench.start(
      {},
      first(1, (answer) => (letGo = () => send(answer))),
    );
    const winner = hub.resolve();
    await expect.poll(() => hub.downloads(FILE).length, { timeout: 5_000 }).toBe(1);
    await expect(hub.resolve({ signal: AbortSignal.timeout(200) })).rejects.toThrow('timeout');
    letGo();
    await winner;
    expect(stored(hub)).toBe(weights);
  });

  test('where locks do not work, nothing is damaged', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251)).toString('latin1');
    const hub = await HubBench.start({ [FILE]: content });
    hub.fault = first(4, (answer) => cut(answer.body.length >> 1, () => hub)(answer));
    hub.settings.tryLock = () => () => {};
    await Promise.all(Array.from({ length: 4 }, () => hub.resolve()));
    expect(stored(hub)).toBe(content);
  });
});
