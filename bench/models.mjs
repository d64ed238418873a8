/** The one model that all contestants run, in the forms they need. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { models } from './internals.mjs';

const ROOT = join(import.meta.dirname, '..');

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
 * @returns {Promise<string>} absolute path
 */
export async function peerModelFolder(folder, hash, maxTokens) {
  const finished = join(ROOT, '.cache', 'bench', `onnx-${hash.slice(0, 16)}`);
  if (
    await access(finished).then(
      () => true,
      () => false,
    )
  )
    return finished;
  const unfinished = `${finished}.${process.pid}`;
  try {
    const script = join(ROOT, 'scripts', 'models', 'make-onnx.mjs');
    const { status } = spawnSync(process.execPath, [script, folder, unfinished, '--quantize'], {
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) throw new Error('the ONNX model for the peers could not be made');
    await limitTokens(join(unfinished, 'tokenizer_config.json'), maxTokens);
    await rename(unfinished, finished);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return finished;
}

async function limitTokens(file, maxTokens) {
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, model_max_length: maxTokens }));
}
