/** The order of measurements: preparations, first starts, choice of set-ups, rounds, quality, studies. */
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildNative } from '../scripts/build/native.mjs';
import { BLOCK } from './corpus.mjs';
import { describeMachine } from './machine.mjs';
import { modelFolder, peerModelFolder, weightsHash } from './models.mjs';
import { installPeers, peerVersions, runtimeVersion } from './peers.mjs';
import { runJob } from './processes.mjs';
import { preparePythonPeers, pythonVersions } from './python-peers.mjs';
import { cosine } from './statistics.mjs';
import { runStudy, studies } from './studies.mjs';
import { summariseEntry, tokensOf } from './summary.mjs';
import { loadTruth } from './truth.mjs';

/**
 * ovembed's own cache, one for each contestant and emptied before each run: no start finds models compiled and choices
 * made by an earlier run or by another contestant, so the very first start is one.
 */
const CACHES = join(import.meta.dirname, '..', '.cache', 'bench', 'caches');

/** Texts. */
const SHORT_WARM_UP = 64;

/** What a round can hold, in the order in which it is measured. */
export const ROUND_CASES = ['load', 'latency', 'throughput'];

/** All that `--cases` takes. */
export const CASES = [...ROUND_CASES, ...studies.map(({ id }) => id)];

/**
 * @param {import('./contestants.mjs').Contestant[]} selected
 * @param {object} options sizes, seed and cases; see run.mjs
 * @param {(line: string) => void} log
 */
export async function runBench(selected, options, log) {
  const machine = describeMachine();
  const bench = await prepare(selected, options, log);
  await firstStarts(bench);
  await chooseSetups(bench);
  await runRounds(bench);
  const truth = await measureQuality(bench);
  const studied = await runStudies(bench);
  return {
    date: new Date().toISOString(),
    options,
    machine,
    versions: await versions(bench),
    corpus: describeCorpus(bench.reference),
    truth,
    contestants: bench.entries.map(summariseEntry),
    studies: studied,
  };
}

/** Everything that must be there before the first measurement. Without peers the rest can still run. */
async function prepare(selected, options, log) {
  await rm(CACHES, { recursive: true, force: true });
  if (needsBareProgram(selected, options)) await buildNative({ tools: true });
  const folders = { model: await modelFolder(options.model), peers: null, python: null };
  log('counting tokens');
  const reference = await runJob({ case: 'reference', folders, seed: options.seed, texts: options.texts }, {});
  const entries = selected.map((contestant) => ({ contestant, failure: null, sweep: [], rounds: [] }));
  const bench = { options, log, folders, reference, entries, hash: await weightsHash(folders.model) };
  await prepareOrFail(
    bench,
    ({ contestant }) => contestant.peers.length > 0,
    'preparing peers',
    async () => {
      installPeers();
      folders.peers = await peerModelFolder(folders.model, bench.hash, reference.maxTokens);
    },
  );
  await prepareOrFail(
    bench,
    ({ contestant }) => contestant.python,
    'preparing Python peers',
    async () => {
      folders.python = await preparePythonPeers(folders.model, bench.hash, reference.maxTokens);
    },
  );
  return bench;
}

function needsBareProgram(selected, { cases }) {
  return (
    selected.some(({ id }) => id === 'ceiling') || ['floor', 'graphs', 'conversion'].some((id) => cases.includes(id))
  );
}

/** Does what some contestants need; if it fails, so do they. */
async function prepareOrFail(bench, needs, stage, work) {
  const needing = bench.entries.filter(needs);
  if (needing.length === 0) return;
  bench.log(stage);
  try {
    await work();
  } catch (error) {
    for (const entry of needing) entry.failure = error.message;
  }
}

async function firstStarts(bench) {
  for (const entry of running(bench)) {
    await attempt(bench, entry, 'first start', async () => {
      entry.variants = entry.contestant.variants({ precision: autoPrecision(bench), cpus: bench.reference.cpus });
      entry.variant = entry.variants[0];
      entry.firstStart = await measure(bench, entry, 'load');
    });
  }
}

/** What `auto` came to; ovembed starts before the ceiling, and always takes part when the ceiling does. */
function autoPrecision({ entries }) {
  return entries.find(({ contestant }) => contestant.id === 'ovembed-auto')?.firstStart?.setup.precision;
}

/** Compares the set-ups of each contestant on a few blocks, takes the fastest, and sizes the passes by its speed. */
async function chooseSetups(bench) {
  const { options } = bench;
  const wanted = ['throughput', 'graphs'].some((name) => options.cases.includes(name));
  for (const entry of running(bench)) {
    const { wholeCorpus, sweepTexts } = entry.contestant;
    entry.texts = wholeCorpus ? bench.reference.tokens.length : BLOCK;
    if (!options.sweep || !wanted || (wholeCorpus && entry.variants.length === 1)) continue;
    await attempt(bench, entry, 'choice of set-up', async () => {
      for (const variant of entry.variants) {
        const { seconds } = await measure(bench, { ...entry, variant, texts: sweepTexts }, 'throughput');
        entry.sweep.push({ variant, tokensPerSecond: tokensOf(bench.reference.tokens, sweepTexts) / seconds });
      }
      const best = entry.sweep.reduce((a, b) => (b.tokensPerSecond > a.tokensPerSecond ? b : a));
      entry.variant = best.variant;
      if (!wholeCorpus) entry.texts = textsWithin(options.passSeconds, best.tokensPerSecond, bench.reference);
    });
  }
}

/** Whole blocks, at least one: each has the length distribution of the corpus. */
function textsWithin(seconds, tokensPerSecond, { tokens }) {
  const tokensPerBlock = (tokensOf(tokens, tokens.length) / tokens.length) * BLOCK;
  const blocks = Math.max(1, Math.floor((seconds * tokensPerSecond) / tokensPerBlock));
  return Math.min(blocks * BLOCK, tokens.length);
}

/** Interleaved: whatever the machine does meanwhile befalls all contestants alike. */
async function runRounds(bench) {
  const { options } = bench;
  const cases = ROUND_CASES.filter((name) => options.cases.includes(name));
  if (cases.length === 0) return;
  for (let round = 1; round <= options.rounds; round++) {
    for (const entry of running(bench)) {
      await attempt(bench, entry, `round ${round}`, async () => {
        const measured = {};
        for (const name of cases) measured[name] = await measure(bench, entry, name, { repeats: options.queryRepeats });
        const { throughput } = measured;
        if (throughput) throughput.tokensPerSecond = tokensOf(bench.reference.tokens, entry.texts) / throughput.seconds;
        entry.rounds.push(measured);
      });
    }
  }
}

async function measureQuality(bench) {
  const truth = await loadTruth(bench.hash, { count: bench.options.qualityTexts, seed: bench.options.seed });
  const embed = (entry) => measure(bench, entry, 'quality', { sample: truth.texts });
  const vectors =
    truth.vectors ?? (await embed({ contestant: { id: 'truth', module: 'ovembed' }, variant: { precision: 'f32' } }));
  const wanted = ['throughput', 'classes'].some((name) => bench.options.cases.includes(name));
  for (const entry of wanted ? running(bench) : []) {
    await attempt(bench, entry, 'quality', async () => {
      const cosines = (await embed(entry)).map((vector, i) => cosine(vector, vectors[i]));
      entry.cosine = { min: Math.min(...cosines), mean: cosines.reduce((a, b) => a + b) / cosines.length };
    });
  }
  return { source: truth.source, texts: truth.texts.length };
}

/** @returns {Promise<Record<string, import('./studies.mjs').StudyRow[]>>} by the study's id */
async function runStudies(bench) {
  const studied = {};
  for (const study of studies.filter(({ id }) => bench.options.cases.includes(id))) {
    studied[study.id] = await runStudy(study, bench, (entry, name, job) => measure(bench, entry, name, job));
  }
  return studied;
}

function measure({ options, folders }, { contestant, variant, texts }, name, more = {}) {
  const { seed } = options;
  const warmUpTexts = warmUpOf(contestant, options);
  const job = { case: name, contestant: contestant.module, folders, variant, seed, texts, warmUpTexts, ...more };
  return runJob(job, { OVEMBED_CACHE_DIR: join(CACHES, contestant.id) });
}

/**
 * OpenVINO makes kernels for every new shape, so whoever runs on it must have seen the shapes of the corpus; onnxruntime
 * does not, and some of its users are too slow for a long warm-up.
 */
function warmUpOf({ peers = [] }, { warmUpTexts }) {
  return peers.length > 0 ? Math.min(SHORT_WARM_UP, warmUpTexts) : warmUpTexts;
}

/** A contestant that fails leaves the run; the report says why, and the others go on. */
async function attempt({ log }, entry, stage, work) {
  log(`${stage}: ${entry.contestant.name}`);
  try {
    await work();
  } catch (error) {
    entry.failure = error.message;
    log(`${entry.contestant.name} failed: ${error.message}`);
  }
}

function running({ entries }) {
  return entries.filter(({ failure }) => failure === null);
}

function describeCorpus({ tokens, classTokens, maxTokens, queryTokens }) {
  const total = tokensOf(tokens, tokens.length);
  return {
    classTokens,
    texts: tokens.length,
    tokens: total,
    meanTokens: total / tokens.length,
    maxTokens,
    queryTokens,
  };
}

async function versions({ reference, folders }) {
  const { version } = createRequire(import.meta.url)('../package.json');
  const peers = Object.entries(peerVersions()).map(([name, installed]) => [
    name,
    { version: installed, onnxruntime: installed && runtimeVersion(name) },
  ]);
  return {
    ovembed: version,
    openvino: reference.openvino,
    peers: Object.fromEntries(peers),
    python: folders.python ? await pythonVersions(folders.python.packages) : null,
  };
}
