/**
 * Damaged models by the hundred, each loaded in a child process: vectors or an error with a code, in time; never a crash.
 * A failure names its mutant: `node test/native/mutants-child.mjs BASES FOLDER N N+1` repeats it, with OVEMBED_MUTANTS=FOLDER
 * as the place where this test leaves BASES and outcomes.json.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, test } from 'vitest';
import { isOvembedErrorCode } from '../../lib/errors.js';
import { toolPath } from '../../scripts/build/paths.mjs';
import { type ArchitectureFixture, writeArchitectureModel } from '../../scripts/models/architecture-model.mjs';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { ensurePythonPackages, PYTHON } from '../../scripts/models/python-packages.mjs';
import { fixture, ROOT, temporaryFolder } from './support.js';

const COUNT = process.env.OVEMBED_TEST_FULL === '1' ? 2_000 : 200;
const LIMIT_MS = 10_000;

const folder = process.env.OVEMBED_MUTANTS ?? temporaryFolder();
const bases = join(folder, 'bases');
const at = (model: string, file = '') => join(bases, model, file);

/** Of every kind that the builders tell apart: by its positions, its attention, its feed-forward layers. */
const ARCHITECTURES = [
  ...['deberta-v3', 'gemma3-both-ways', 'jina-bert', 'modernbert-biases', 'nomic_bert-published', 'qwen3-windows'],
  ...['t5-gated-gelu'],
];

/** One sound model in every form of weights, one with modules after its pooling, and some of other architectures. */
beforeAll(async () => {
  rmSync(bases, { recursive: true, force: true });
  writeTinyModel(tinyModels.mean, at('safetensors'));
  writeTinyModel(tinyModels['normalize-in-the-middle'], at('modules'));
  for (const name of ARCHITECTURES) {
    writeArchitectureModel(fixture<ArchitectureFixture>(`architectures/${name}.json`), at(name));
  }
  const configuration = (model: string) => {
    cpSync(at('safetensors'), at(model), { recursive: true });
    rmSync(at(model, 'model.safetensors'));
  };
  writeTinyModel({ ...tinyModels.mean, shards: 2 }, at('sharded'));

  configuration('openvino');
  const weights = at('safetensors', 'model.safetensors');
  mkdirSync(at('openvino', 'openvino'));
  execFileSync(toolPath('save_ir'), ['safetensors', weights, at('openvino', 'openvino/openvino_model.xml')]);

  const packages = await ensurePythonPackages(join(ROOT, 'scripts/models/requirements.txt'));
  for (const [model, ...options] of [['onnx'], ['external', '--external']] as [string, ...string[]][]) {
    const script = join(ROOT, 'scripts/models/make_onnx.py');
    execFileSync(PYTHON, [script, at('safetensors'), at(model), ...options], {
      env: { ...process.env, PYTHONPATH: packages },
    });
  }
});

/** What the child said of each mutant. */
type Outcomes = Map<number, { what: string; outcome: string }>;

/** Runs mutants until the child ends, or is ended because one of them takes too long. */
async function runChild(from: number, to: number, outcomes: Outcomes): Promise<number> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'mutants-child.mjs'), bases, join(folder, 'work'), String(from), String(to)],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let next = from;
  let hung = false;
  const end = () => {
    hung = true;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(end, LIMIT_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(end, LIMIT_MS);
    const [, what, number, text] = /^(start|end) (\d+): (.*)$/.exec(line) ?? [];
    if (what === 'start') outcomes.set(Number(number), { what: text as string, outcome: 'none' });
    if (what === 'end') (outcomes.get(Number(number)) as { outcome: string }).outcome = text as string;
    if (what) next = Number(number) + 1;
  }
  clearTimeout(timer);
  const [code, signal] =
    child.exitCode === null && child.signalCode === null
      ? await new Promise<[number | null, string | null]>((done) => child.once('exit', (c, s) => done([c, s])))
      : [child.exitCode, child.signalCode];
  const last = outcomes.get(next - 1);
  if (last?.outcome === 'none')
    last.outcome = hung ? `nothing within ${LIMIT_MS} ms` : `the process ended by ${signal ?? code}`;
  else if (code !== 0) outcomes.set(next, { what: 'between two', outcome: `the process ended by ${signal ?? code}` });
  return next;
}

const isGood = (outcome: string) => outcome === 'vectors' || isOvembedErrorCode(outcome);

test(
  `${COUNT} mutants: vectors, or an error with a code, within ${LIMIT_MS} ms`,
  async () => {
    mkdirSync(join(folder, 'work'), { recursive: true });
    const outcomes: Outcomes = new Map();
    for (let next = 0; next < COUNT; ) next = Math.max(next + 1, await runChild(next, COUNT, outcomes));
    expect(outcomes.size).toBe(COUNT);
    const bad = [...outcomes].filter(([, { outcome }]) => !isGood(outcome));
    if (process.env.OVEMBED_MUTANTS)
      writeFileSync(join(folder, 'outcomes.json'), JSON.stringify([...outcomes], null, 1));
    expect(bad).toEqual([]);
    // The damage is neither harmless nor always the same.
    const count = (wanted: string) => [...outcomes.values()].filter(({ outcome }) => outcome === wanted).length;
    expect(count('vectors')).toBeGreaterThan(COUNT / 20);
    expect(count('ERR_MODEL_INVALID')).toBeGreaterThan(COUNT / 5);
  },
  COUNT * 2_000,
);
