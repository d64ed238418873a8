/** What the Python contestants need (`--python`): their packages, and the model as IR traced from PyTorch. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../scripts/build/run.mjs';
import { ensurePythonPackages, PYTHON } from '../scripts/models/python-packages.mjs';

const FOLDER = join(import.meta.dirname, 'python');
const REQUIREMENTS = join(FOLDER, 'requirements.txt');
const CACHE = join(import.meta.dirname, '..', '.cache', 'bench');

/** Whose versions the report names. */
const LIBRARIES = ['openvino-genai', 'sentence-transformers', 'torch', 'transformers'];

/**
 * Installs and converts, unless both was done before. The packages are several gigabytes: PyTorch brings CUDA along.
 * @param {string} folder the model as published
 * @param {string} weights SHA-256 of its weights
 * @param {number} maxTokens where the converted tokenizer cuts texts
 * @returns {Promise<{ packages: string, models: string }>} a folder for `PYTHONPATH`, and the folder of the IR
 */
export async function preparePythonPeers(folder, weights, maxTokens) {
  const packages = await ensurePythonPackages(REQUIREMENTS);
  const models = join(CACHE, `ir-${await recipeHash(weights, maxTokens)}`);
  if (!existsSync(models)) await convert(folder, models, maxTokens, packages);
  return { packages, models };
}

/** How a script of bench/python is run. */
export function pythonCommand(packages, script, args) {
  const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1', HF_HUB_OFFLINE: '1' };
  return { command: PYTHON, args: [join(FOLDER, script), ...args], env };
}

/**
 * Versions that are installed, as pip noted them.
 * @param {string} packages
 * @returns {Promise<Record<string, string>>}
 */
export async function pythonVersions(packages) {
  const entries = await readdir(packages);
  const versionOf = (name) => {
    const prefix = `${name.replaceAll('-', '_')}-`;
    return entries.find((entry) => entry.startsWith(prefix) && entry.endsWith('.dist-info'))?.slice(prefix.length, -10);
  };
  return Object.fromEntries(LIBRARIES.map((name) => [name, versionOf(name) ?? 'unknown']));
}

async function convert(folder, finished, maxTokens, packages) {
  const unfinished = `${finished}.${process.pid}`;
  await mkdir(dirname(finished), { recursive: true });
  try {
    const { command, args, env } = pythonCommand(packages, 'convert.py', [folder, unfinished, String(maxTokens)]);
    run(command, args, { env, stdio: ['ignore', 2, 2] });
    await rename(unfinished, finished);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Changes with the weights, the limit, the script and the versions that convert. */
async function recipeHash(weights, maxTokens) {
  const hash = createHash('sha256').update(weights).update(String(maxTokens));
  for (const file of [REQUIREMENTS, join(FOLDER, 'convert.py')]) hash.update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}
