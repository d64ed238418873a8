/**
 * node bench/jobs.mjs [--bytes 400000] [--shard-bytes 16384] [--workers 1,2,4] [--threads 1] [--model …]
 *
 * One corpus as a job of 1, 2 and 4 worker processes, each with as many threads as a machine with so many cores would give it; and
 * what that costs the queue's server. Time is from the moment that all workers have loaded the model to the manifest.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { Embedder } from 'ovembed';
import { CorpusJobs } from 'ovembed/jobs';
import { ovembedCacheDir } from '../dist/cache-dir.js';
import { makeClass } from './corpus.mjs';
import { startRedis } from './redis.mjs';

const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '400000' },
    'shard-bytes': { type: 'string', default: '16384' },
    workers: { type: 'string', default: '1,2,4' },
    threads: { type: 'string', default: '1' },
    model: { type: 'string' },
    /** What the bench starts: a worker of this job. */
    work: { type: 'string' },
    redis: { type: 'string' },
  },
});
const load = () => Embedder.load(values.model, { threads: Number(values.threads), streams: 1, precision: 'f32' });

if (values.work) await work();
else await measure();

async function work() {
  const jobs = await CorpusJobs.connect({ redis: values.redis });
  const embedder = await load();
  await embedder.embedDocuments(makeClass({ name: 'paragraphs', texts: 64, seed: 1 }));
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  await jobs.work(values.work, embedder);
  process.exit();
}

async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-jobs-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const server = await startRedis(join(ovembedCacheDir(), 'redis-server-7.0.15'));
  if (!server) throw new Error('There is no redis-server: set REDIS_SERVER.');
  const source = join(folder, 'source');
  writeDocuments(source, Number(values.bytes));
  const client = new Redis(server.url);
  const rows = [];
  for (const workers of values.workers.split(',').map(Number)) {
    rows.push(await run(workers, { folder, source, server, client }));
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
  }
  console.table(rows);
  client.disconnect();
  server.stop();
}

function writeDocuments(target, size) {
  mkdirSync(target);
  const texts = makeClass({ name: 'documents', texts: Math.ceil(size / 1_000), seed: 7 });
  for (let written = 0, i = 0; written < size && i < texts.length; i++) {
    writeFileSync(join(target, `${String(i).padStart(5, '0')}.txt`), texts[i]);
    written += texts[i].length;
  }
}

async function run(workers, { folder, source, server, client }) {
  const jobs = await CorpusJobs.connect({ redis: server.url });
  const jobId = `by-${workers}`;
  const embedder = await load();
  const shardBytes = Number(values['shard-bytes']);
  const { shards } = await jobs.submit(embedder, { source, sink: join(folder, jobId), jobId, shardBytes });
  await embedder.close();
  const queued = await memoryOf(client, jobId);
  const children = Array.from({ length: workers }, () => startWorker(jobId, server.url));
  await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
  await client.config('RESETSTAT');
  const started = Date.now();
  for (const { stdin } of children) stdin.write('go\n');
  await Promise.all(children.map((child) => once(child, 'exit')));
  const seconds = (statSync(join(folder, `${jobId}.job`, 'manifest.json')).mtimeMs - started) / 1000;
  const { tokens } = await jobs.status(jobId);
  await jobs.close();
  return {
    ...{ workers, shards, seconds: round(seconds), tokensPerSecond: Math.round(tokens / seconds) },
    ...(await costs(client, shards)),
    memoryPerShardQueued: Math.round(queued / shards),
    memoryPerShardDone: Math.round((await memoryOf(client, jobId)) / shards),
  };
}

function startWorker(jobId, redis) {
  const model = values.model ? ['--model', values.model] : [];
  const args = [import.meta.filename, '--work', jobId, '--redis', redis, '--threads', values.threads, ...model];
  return spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

function round(value) {
  return Math.round(100 * value) / 100;
}

/** Bytes of a job's keys. */
async function memoryOf(client, jobId) {
  let total = 0;
  for await (const keys of client.scanStream({ match: `ovembed-jobs:${jobId}*` })) {
    for (const key of keys) total += await client.memory('USAGE', key, 'SAMPLES', 0);
  }
  return total;
}

/** Of all that the server did, by shard: scripts count as one command, and what they do within it as well. */
async function costs(client, shards) {
  const stats = await client.info('commandstats');
  const found = [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+),usec=(\d+)/g)];
  const commands = found.filter(([, name]) => !/^(info|config)/.test(name));
  const scripts = commands.filter(([, name]) => name.startsWith('eval'));
  const sum = (list, at) => list.reduce((total, match) => total + Number(match[at]), 0);
  const net = await client.info('stats');
  const bytes = (name) => Number(new RegExp(`total_net_${name}_bytes:(\\d+)`).exec(net)[1]);
  return {
    commandsPerShard: round(sum(commands, 2) / shards),
    scriptsPerShard: round(sum(scripts, 2) / shards),
    // What a script calls is in the time of the script.
    microsecondsPerShard: Math.round((sum(scripts, 3) + sum(unscripted(commands), 3)) / shards),
    bytesInPerShard: Math.round(bytes('input') / shards),
    bytesOutPerShard: Math.round(bytes('output') / shards),
  };
}

/** Commands that clients send themselves; others come from scripts. */
function unscripted(commands) {
  const direct = /^(hgetall|hset|hlen|hvals|bzpopmin|client|hello|ping|sadd|script|multi|exec)/;
  return commands.filter(([, name]) => direct.test(name));
}
