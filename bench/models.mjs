/** The one model that all contestants run, in the forms they need. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../scripts/build/run.mjs';
import { ensurePythonPackages, PYTHON } from '../scripts/models/python-packages.mjs';
import { models } from './internals.mjs';

const CACHE = join(import.meta.dirname, '..', '.cache', 'bench');
const SCRIPTS = join(import.meta.dirname, '..', 'scripts', 'models');

/**
 * The model's folder as an absolute path; the default model is fetched if it is not on this machine.
 * @param {string | undefined} given `--model`: a folder or a name
 */
export async function modelFolder(given) {
  const { DEFAULT_MODEL, resolveModel } = models();
  const { folder } = await resolveModel(given ?? process.env.OVEMBED_MODEL ?? DEFAULT_MODEL);
  return folder;
}

/** SHA-256 of the weights: it names the model for the peers' copy and for the oracle. */
export async function weightsHash(folder) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(folder, 'model.safetensors')), hash);
  return hash.digest('hex');
}

/**
 * The same weights as ONNX, f32 and dynamically quantised to int8, made once and kept in .cache/bench. The peers take
 * their limit from tokenizer_config.json and do not read sentence-transformers' own, so that is written there: all
 * contestants cut texts at the same length.
 * @param {string} folder the model as published
 * @param {string} hash SHA-256 of its weights
 * @param {number} maxTokens
 * @returns {Promise<string>} absolute path
 */
export async function peerModelFolder(folder, hash, maxTokens) {
  const finished = join(CACHE, `onnx-${await recipeHash(hash)}`);
  if (existsSync(finished)) return finished;
  const unfinished = `${finished}.${process.pid}`;
  try {
    const requirements = join(SCRIPTS, 'requirements-quantize.txt');
    const env = { ...process.env, PYTHONPATH: await ensurePythonPackages(requirements), PYTHONDONTWRITEBYTECODE: '1' };
    run(PYTHON, [join(SCRIPTS, 'make_onnx.py'), folder, unfinished, '--quantize'], { env, stdio: ['ignore', 2, 2] });
    await limitTokens(join(unfinished, 'tokenizer_config.json'), maxTokens);
    await rename(unfinished, finished);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return finished;
}

/** Changes with the weights and with the scripts that convert them. */
async function recipeHash(weights) {
  const hash = createHash('sha256').update(weights);
  for (const script of ['make_onnx.py', 'bert_onnx.py']) hash.update(await readFile(join(SCRIPTS, script)));
  return hash.digest('hex').slice(0, 16);
}

async function limitTokens(file, maxTokens) {
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, model_max_length: maxTokens }));
}
