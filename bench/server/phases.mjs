/** What is measured, one function a phase; each starts the servers that it needs. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { QUERY } from '../corpus.mjs';
import { runJob } from '../processes.mjs';
import { median } from '../statistics.mjs';
import { infinityVersion, startInfinity } from './infinity.mjs';
import { Driver, Library, startOvembed } from './processes.mjs';
import { SlowClients } from './slow-clients.mjs';

/** What `auto` chose is the same for the server and for the library in a process. */
const CACHE = join(import.meta.dirname, '../../.cache/bench/caches/server');

/** Share of capacity, one request after another would be: what a server that has little to do is asked. */
const IDLE = 0.05;
const STEADY = 0.8;
const OVERLOAD = 3;
const SLOW_CLIENTS = 200;
const WARM_UP_SECONDS = 2;
/** Texts of a request of lists, and lists under way at once. */
const LIST = 32;
const CALLERS = 4;

const single = ({ texts }) => texts.map((input) => ({ input, encoding_format: 'base64' }));
const lists = ({ texts }, encoding_format = 'base64') =>
  Array.from({ length: texts.length / LIST }, (_, i) => ({
    input: texts.slice(i * LIST, (i + 1) * LIST),
    encoding_format,
  }));

async function withServer({ model }, work, args = []) {
  const server = await startOvembed(model, args, { OVEMBED_CACHE_DIR: CACHE });
  const driver = new Driver();
  try {
    return await work(server, driver);
  } finally {
    driver.close();
    await server.stop();
  }
}

const closed = async (driver, server, job) => (await driver.run(server, { kind: 'closed', ...job }))[0];

export const PHASES = { latency, load, slow, lists: listThroughput, infinity };

/** One query after another: over loopback, and in a process, in turns that are shorter than a machine stays the same. */
function latency(bench) {
  rmSync(CACHE, { recursive: true, force: true });
  const { queryTurns, querySeconds } = bench.sizes;
  const bodies = [{ input: QUERY, encoding_format: 'base64', input_type: 'query' }];
  return withServer(bench, async (server, driver) => {
    const library = new Library(bench.model, { OVEMBED_CACHE_DIR: CACHE });
    const ask = (seconds) => closed(driver, server, { clients: 1, seconds, bodies });
    try {
      await ask(WARM_UP_SECONDS);
      await library.query(WARM_UP_SECONDS);
      const turns = [];
      for (let turn = 0; turn < queryTurns; turn++) {
        const { accepted: http } = await ask(querySeconds);
        turns.push({ http, library: await library.query(querySeconds) });
      }
      return turns;
    } finally {
      library.close();
    }
  });
}

const inProcess = ({ model }, job) =>
  runJob(
    { contestant: 'ovembed', variant: {}, folders: { model, peers: null, python: null }, ...job },
    { OVEMBED_CACHE_DIR: CACHE },
  );

/** Clients that ask again as soon as they are answered. */
async function askAgain({ texts }, server, driver, clients, seconds) {
  await server.cut();
  const result = await closed(driver, server, { clients, seconds, warmUpSeconds: 0.5, bodies: single({ texts }) });
  return { clients, ...result, server: await server.cut() };
}

/** @returns accepted requests a second that the server answers when there are always more, and the clients that it takes */
async function capacityOf(bench, server, driver) {
  const { capacitySeconds } = bench.sizes;
  await askAgain(bench, server, driver, 32, capacitySeconds);
  const tried = [];
  for (const clients of [16, 32, 48]) tried.push(await askAgain(bench, server, driver, clients, capacitySeconds));
  const { throughput, clients } = tried.reduce((a, b) => (b.throughput > a.throughput ? b : a));
  bench.log(`capacity: ${Math.round(throughput)} requests/s`);
  return { throughput, clients, tried };
}

/** Stages of an open loop, without a pause between them. */
async function arrive(bench, server, driver, stages) {
  const cuts = [];
  const results = await driver.run(server, { kind: 'open', stages, bodies: single(bench) }, () => {
    cuts.push(server.cut());
  });
  const seen = await Promise.all(cuts);
  return stages.map((stage, i) => ({ ...stage, ...results[i], server: seen[i + 1] }));
}

/**
 * Open loop: nearly idle; steady, several times, each time at a share of what the server could do just before, as a machine does
 * a tenth more or less from one minute to the next; then three times too much, and steady again.
 */
function load(bench) {
  const { idleSeconds, steadyTurns, steadySeconds, overloadSeconds, recoverySeconds, capacitySeconds } = bench.sizes;
  return withServer(bench, async (server, driver) => {
    const { throughput, clients, tried } = await capacityOf(bench, server, driver);
    const idle = { name: 'idle', rate: IDLE * throughput, seconds: idleSeconds };
    const stages = await arrive(bench, server, driver, [idle]);
    const turns = [];
    for (let turn = 0; turn < steadyTurns; turn++) {
      const now = await askAgain(bench, server, driver, clients, capacitySeconds);
      turns.push(now);
      const steady = { name: 'steady', rate: STEADY * now.throughput, seconds: steadySeconds };
      stages.push(...(await arrive(bench, server, driver, [steady])));
    }
    const usual = median(turns.map((turn) => turn.throughput));
    const tooMuch = [
      { name: 'overload', rate: OVERLOAD * usual, seconds: overloadSeconds },
      { name: 'recovery', rate: STEADY * usual, seconds: recoverySeconds },
    ];
    stages.push(...(await arrive(bench, server, driver, tooMuch)));
    return { capacity: { throughput: usual, tried: [...tried, ...turns] }, stages };
  });
}

/** Half of what the server can do, alone and beside clients that send a byte a second. */
function slow(bench) {
  const { slowSeconds: seconds } = bench.sizes;
  return withServer(bench, async (server, driver) => {
    const { throughput } = await capacityOf(bench, server, driver);
    const bodies = single(bench);
    const ask = async () =>
      (await driver.run(server, { kind: 'open', stages: [{ rate: throughput / 2, seconds }], bodies }))[0];
    const alone = await ask();
    const clients = new SlowClients(server, SLOW_CLIENTS);
    const beside = await ask();
    clients.close();
    return { clients: SLOW_CLIENTS, alone, beside };
  });
}

/** Requests of 32 texts over HTTP, and the same lists in a process, in turns; then the same as floats. */
function listThroughput(bench) {
  const { rounds, batchSeconds: seconds } = bench.sizes;
  return withServer(bench, async (server, driver) => {
    const ask = async (encoding) => {
      const job = { clients: CALLERS, seconds, warmUpSeconds: 0.5, bodies: lists(bench, encoding) };
      await server.cut();
      const result = await closed(driver, server, job);
      return { ...result, server: await server.cut() };
    };
    await ask('base64');
    const turns = [];
    for (let round = 0; round < rounds; round++) {
      const http = await ask('base64');
      const floats = await ask('float');
      const inputs = lists(bench).map(({ input }) => input);
      const library = await inProcess(bench, { case: 'lists', lists: inputs, callers: CALLERS, seconds });
      turns.push({ http, floats, library });
      const [a, b, c] = [http, floats, library].map((one) => one.throughput.toFixed(1));
      bench.log(`lists/s: ${a} base64, ${b} floats, ${c} in a process`);
    }
    return turns;
  });
}

/** What each server is asked: single texts and lists, few and many at once; the best of each counts. */
const LOADS = [
  { texts: 1, clients: 32 },
  { texts: LIST, clients: 2 },
  { texts: LIST, clients: 8 },
];
const INFINITY_BATCHES = [32, 128];
const INT8 = ['--precision', 'int8', '--activations', 'int8+bf16'];

/** All servers run at once, and each is asked while the others have nothing to do, in turns: the machine is never the same for long. */
async function infinity(bench) {
  const own = (name, args = []) => ({
    name,
    start: () => startOvembed(bench.model, args, { OVEMBED_CACHE_DIR: CACHE }),
  });
  const version = await infinityVersion();
  const peer = (batchSize, i) => ({
    name: `infinity-emb ${version}, torch, batch size ${batchSize}`,
    start: () => startInfinity(bench.model, batchSize, i),
  });
  const contestants = [own('ovembed'), own('ovembed, int8', INT8), ...INFINITY_BATCHES.map(peer)];
  const servers = [];
  try {
    for (const { name, start } of contestants)
      servers.push({ name, server: await start(), driver: new Driver(), turns: [] });
    for (const { server, driver } of servers)
      await closed(driver, server, { clients: 2, seconds: 2, bodies: lists(bench) });
    for (let round = 0; round < bench.sizes.rounds; round++) {
      for (const one of servers) one.turns.push(await peerTurn(bench, one));
    }
  } finally {
    for (const { driver } of servers) driver.close();
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
  const [ours, int8, ...theirs] = servers.map(({ name, turns }) => ({ name, turns }));
  return { ours, int8, theirs };
}

async function peerTurn(bench, { name, server, driver }) {
  const { peerSeconds: seconds } = bench.sizes;
  const { accepted: query } = await closed(driver, server, {
    clients: 1,
    seconds,
    warmUpSeconds: 0.5,
    bodies: [{ input: QUERY, encoding_format: 'base64' }],
  });
  const bodies = { 1: single(bench), [LIST]: lists(bench) };
  const loads = [];
  for (const { texts, clients } of LOADS) {
    const { throughput } = await closed(driver, server, { clients, seconds, warmUpSeconds: 1, bodies: bodies[texts] });
    loads.push({ texts, clients, textsPerSecond: throughput * texts });
  }
  const best = Math.max(...loads.map(({ textsPerSecond }) => textsPerSecond));
  bench.log(`${name}: query p50 ${query.p50.toFixed(2)} ms, ${Math.round(best)} texts/s`);
  return { query, loads, best };
}
