/**
 * node bench/fallback.mjs MODEL   what a chain of devices costs beside the CPU alone, and what is left of it where three in ten
 * tries fail. Takes the addon of the tests of failures (`npm test` builds it), whose SIM_CPU is the CPU under another name.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD_OUTPUT, CMAKE_TREE, ROOT } from '../scripts/build/paths.mjs';

const ROUNDS = 3;
/** Lists at once, so that there is always a next batch: with one, the last of its texts would be waited for. */
const LISTS = 8;
const TEXTS = Array.from({ length: 384 }, (_, i) => 'the river runs past seven old mills '.repeat(1 + (i % 12)));
const textsOf = (list) => TEXTS.map((text) => `${list} ${text}`);
const QUERIES = 100;

const COMMON = { precision: 'f32', performance: 'throughput', streams: 2, threads: 2, batchTokens: 1_024 };
const CHAIN = { ...COMMON, device: ['SIM_CPU', 'CPU'] };
const SETUPS = {
  CPU: { ...COMMON, device: 'CPU' },
  interval: { ...CHAIN, fallback: { probe: false, verify: 'interval' } },
  batch: { ...CHAIN, fallback: { probe: false, verify: 'batch' } },
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Tokens per second of lists, and the milliseconds of single queries. */
async function measure(embedder) {
  const started = performance.now();
  const results = await Promise.all(Array.from({ length: LISTS }, (_, i) => embedder.embed(textsOf(i))));
  const tokens = results.reduce((sum, { usage }) => sum + usage.tokens, 0);
  const tokensPerSecond = tokens / ((performance.now() - started) / 1_000);
  const queryMs = [];
  for (let i = 0; i < QUERIES; i++) {
    const asked = performance.now();
    await embedder.embedQuery('seven old mills by the river');
    queryMs.push(performance.now() - asked);
  }
  return { tokensPerSecond, queryMs };
}

/** Set-ups take turns, so that a machine that is busy for a while slows all of them. */
async function compare(folder, model, cacheDir, names) {
  const { Embedder } = createRequire(import.meta.url)(folder);
  const setups = [];
  for (const name of names) {
    setups.push({ name, embedder: await Embedder.load(model, { ...SETUPS[name], cacheDir }), rounds: [] });
  }
  for (const { embedder } of setups) await measure(embedder);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { embedder, rounds } of setups) rounds.push(await measure(embedder));
  }
  for (const { name, embedder, rounds } of setups) {
    const tokens = Math.round(median(rounds.map(({ tokensPerSecond }) => tokensPerSecond)));
    const ms = median(rounds.flatMap(({ queryMs }) => queryMs)).toFixed(2);
    const { state, counts } = embedder.info.devices[0];
    console.log(`${name}: ${tokens} tokens/s, query p50 ${ms} ms; ${state} ${JSON.stringify(counts)}`);
    await embedder.close();
  }
}

/** Passages that fail by lot, always the same. */
function threeInTen() {
  const rules = [];
  let seed = 4_711;
  for (let passage = 10; passage < 4_000; passage++) {
    seed = (seed * 48_271) % 0x7fffffff;
    if (seed / 0x7fffffff < 0.3) rules.push(`infer.SIM_CPU:throw@${passage}`);
  }
  return rules.join();
}

function copyPackage(folder) {
  const output = join(folder, 'build', 'Release');
  mkdirSync(output, { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const name of readdirSync(BUILD_OUTPUT)) {
    if (!name.endsWith('.node')) symlinkSync(join(BUILD_OUTPUT, name), join(output, name));
  }
  copyFileSync(join(CMAKE_TREE, 'faults', 'ovembed.node'), join(output, 'ovembed.node'));
}

function run(args, faults) {
  const env = { ...process.env, OVEMBED_FAULTS: faults };
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], { env, stdio: 'inherit' });
  return new Promise((resolve) => child.on('close', resolve));
}

const [model, folder, ...names] = process.argv.slice(2);
if (folder) await compare(folder, model, join(folder, 'cache'), names);
else {
  const made = mkdtempSync(join(tmpdir(), 'ovembed-bench-'));
  copyPackage(made);
  console.log('Nothing fails:');
  await run([model, made, ...Object.keys(SETUPS)], '');
  console.log('Three in ten tries of SIM_CPU fail:');
  await run([model, made, 'interval'], threeInTen());
  await run([model, made, 'batch'], threeInTen());
  rmSync(made, { recursive: true });
}
