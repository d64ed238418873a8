import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { judgeServer } from '../server/bars.mjs';
import { Driver } from '../server/processes.mjs';

let server;
let driver;
afterEach(() => {
  driver?.close();
  server?.close();
  server?.closeAllConnections();
  driver = server = undefined;
});

/** @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void} answer */
async function start(answer) {
  driver = new Driver();
  server = createServer((request, response) => request.resume().on('end', () => answer(request, response)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { url: new URL(`http://127.0.0.1:${server.address().port}`), path: '/' };
}

const bodies = [{ input: 'a' }];

describe('an open loop', () => {
  it('charges a server that stalls for all that was due meanwhile', async () => {
    let count = 0;
    const target = await start((_, response) => {
      if (++count === 100) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      response.end('{}');
    });
    const stages = [{ rate: 200, seconds: 1 }];
    const [{ sent, accepted, failed, throughput }] = await driver.run(target, { kind: 'open', stages, bodies });
    expect([sent, accepted.count, failed]).toEqual([200, 200, 0]);
    expect(accepted.max).toBeGreaterThan(290);
    // Sixty requests came in those 300 ms: one in a hundred waited nearly all of it.
    expect(accepted.p99).toBeGreaterThan(250);
    expect(throughput).toBeGreaterThan(100);
  });

  it('goes on from stage to stage, and tells refusals from failures', async () => {
    const target = await start((_, response) => {
      const status = [200, 429, 503, 500][Math.floor(Math.random() * 4)];
      response.writeHead(status).end();
    });
    const begun = [];
    const stages = [
      { rate: 100, seconds: 1 },
      { rate: 200, seconds: 1 },
    ];
    const results = await driver.run(target, { kind: 'open', stages, bodies }, (stage) => begun.push(stage));
    expect(begun).toEqual([0, 1, 2]);
    expect(results.map(({ sent }) => sent)).toEqual([100, 200]);
    for (const { sent, accepted, refused, failed } of results) {
      expect(accepted.count + refused.count + failed).toBe(sent);
      expect(refused.count).toBeGreaterThan(failed);
    }
  });
});

describe('a closed loop', () => {
  it('reads answers of a known length, in chunks and in pieces', async () => {
    let count = 0;
    const target = await start((_, response) => {
      if (count++ % 2 === 0) return response.end('{"a":1}');
      response.write('{');
      setTimeout(() => response.end('"a":"0\r\n"}'), 5);
    });
    const job = { kind: 'closed', clients: 2, seconds: 0.5, bodies };
    const [{ accepted, failed, throughput }] = await driver.run(target, job);
    expect(failed).toBe(0);
    expect(accepted.count).toBeGreaterThan(20);
    expect(throughput).toBeCloseTo(accepted.count / 0.5, -2);
  });

  it('counts connections that are cut', async () => {
    const target = await start((request) => request.socket.destroy());
    const [{ accepted, failed }] = await driver.run(target, { kind: 'closed', clients: 1, seconds: 0.2, bodies });
    expect(accepted.count).toBe(0);
    expect(failed).toBeGreaterThan(0);
  });
});

describe('bars of the server', () => {
  const bar = (text, results) => {
    const found = judgeServer(results).filter(({ name }) => name.includes(text));
    expect(found).toHaveLength(1);
    return found[0];
  };
  const stage = (name, more = {}) => ({
    name,
    failed: 0,
    throughput: 90,
    accepted: { count: 100, p50: 5, p99: 10 },
    refused: { count: 0 },
    windows: [],
    server: { loop: { p99: 1, max: 2 }, rssPeak: 100 },
    ...more,
  });
  const load = (...stages) => ({ load: { capacity: { throughput: 100 }, stages } });

  it('has a verdict for what was measured only', () => {
    expect(judgeServer({}).every(({ verdict }) => verdict === 'not measured')).toBe(true);
    const latency = [{ http: { p50: 2.4 }, library: { p50: 1.5 } }];
    expect(bar('over loopback', { latency })).toMatchObject({ measured: '0.9 ms', verdict: 'pass' });
  });

  it('are missed by a phase that could not be run', () => {
    const failed = judgeServer({}, { slow: 'no server\nat once' }).filter(({ verdict }) => verdict === 'fail');
    expect(failed).toMatchObject([{ measured: 'could not be run: no server' }]);
  });

  it('compares with the idle server', () => {
    const slower = { accepted: { count: 100, p50: 5, p99: 41 } };
    expect(bar('of capacity ÷ idle', load(stage('idle'), stage('steady')))).toMatchObject({
      measured: '1',
      verdict: 'pass',
    });
    expect(bar('of capacity ÷ idle', load(stage('idle'), stage('steady', slower)))).toMatchObject({ verdict: 'fail' });
  });

  it('are missed by requests that got no answer', () => {
    const result = bar('answered ÷', load(stage('overload', { failed: 3 })));
    expect(result).toMatchObject({ measured: '3 requests failed', verdict: 'fail' });
  });

  it('are missed by requests that were refused below capacity', () => {
    const refusing = stage('steady', { refused: { count: 2 } });
    const missed = { measured: '2 requests were refused', verdict: 'fail' };
    expect(bar('of capacity ÷ idle', load(stage('idle'), refusing))).toMatchObject(missed);
    for (const slow of [
      { alone: refusing, beside: stage('beside') },
      { alone: stage('alone'), beside: refusing },
    ]) {
      expect(bar('slow connections', { slow })).toMatchObject(missed);
    }
  });

  it('look at all turns of the steady load', () => {
    const p99 = (value) => stage('steady', { accepted: { count: 100, p50: 5, p99: value } });
    const turns = load(stage('idle'), p99(60), p99(20), p99(30));
    expect(bar('of capacity ÷ idle', turns)).toMatchObject({ measured: '3 (2 to 6)', verdict: 'pass' });
    const refusing = load(stage('idle'), p99(20), stage('steady', { refused: { count: 2 } }));
    expect(bar('of capacity ÷ idle', refusing)).toMatchObject({ verdict: 'fail' });
    const memory = (name, rssPeak) => stage(name, { server: { loop: { p99: 1, max: 2 }, rssPeak } });
    const grown = load(memory('steady', 100), memory('steady', 110), memory('overload', 132));
    expect(bar('RSS', grown)).toMatchObject({ measured: '1.2', verdict: 'fail' });
  });

  it('are missed where nothing was refused, as then nothing was too much', () => {
    expect(bar('p99 of refusals', load(stage('overload')))).toMatchObject({ verdict: 'fail' });
  });

  it('see when the server is as before', () => {
    const windows = [
      { p99: 500, others: 2 },
      { p99: 12, others: 0 },
      { p99: 12, others: 1 },
      { p99: 39, others: 0 },
    ];
    const recovery = stage('recovery', { windows });
    expect(bar('until it answers', load(stage('idle'), recovery))).toMatchObject({ measured: '3 s', verdict: 'pass' });
  });
});
