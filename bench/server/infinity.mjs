/** infinity-emb with its torch engine: its own packages before those of the other Python peers, which bring PyTorch. */
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ensurePythonPackages, PYTHON } from '../../scripts/models/python-packages.mjs';
import { startOther } from './processes.mjs';

const REQUIREMENTS = ['infinity/requirements.txt', 'requirements.txt'].map((file) =>
  join(import.meta.dirname, '../python', file),
);
const FIRST_PORT = 17_990;

async function packages() {
  const folders = [];
  for (const file of REQUIREMENTS) folders.push(await ensurePythonPackages(file));
  return folders;
}

/** @param {number} index of those that run at once */
export async function startInfinity(model, batchSize, index) {
  const port = FIRST_PORT + index;
  const env = {
    ...process.env,
    PYTHONPATH: (await packages()).join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    HF_HUB_OFFLINE: '1',
    // No figures are sent anywhere.
    DO_NOT_TRACK: '1',
    INFINITY_ANONYMOUS_USAGE_STATS: '0',
  };
  const options = { engine: 'torch', device: 'cpu', host: '127.0.0.1', port, 'log-level': 'error' };
  const args = Object.entries({ ...options, 'model-id': model, 'batch-size': batchSize }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  return startOther({
    command: PYTHON,
    args: ['-m', 'infinity_emb.cli', 'v2', ...args, '--no-bettertransformer'],
    env,
    port,
    path: '/embeddings',
    health: '/health',
  });
}

export async function infinityVersion() {
  const entries = await readdir((await packages())[0]);
  return /^infinity_emb-(.+)\.dist-info$/m.exec(entries.find((entry) => entry.startsWith('infinity_emb-')) ?? '')?.[1];
}
