/** Chroma's own server, out of its wheel, which is fetched once and kept in the cache. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ensurePythonPackages, PYTHON } from '../../../scripts/models/python-packages.mjs';
import { freePort } from '../cache/redis-server.js';

/** What `chroma run` runs; the rest of the package would need some hundred others. */
const RUN = 'import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(["chroma", "run", *sys.argv[1:]])';

export async function startChroma() {
  const packages = await ensurePythonPackages(join(import.meta.dirname, '../../frameworks/requirements.txt'));
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-chroma-'));
  const port = await freePort();
  const args = ['-c', RUN, '--path', folder, '--host', '127.0.0.1', '--port', String(port)];
  const server = spawn(PYTHON, args, { env: { ...process.env, PYTHONPATH: packages }, stdio: 'ignore' });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v2/heartbeat`).catch(() => undefined);
    if (answer?.ok) break;
    if (tries > 600 || server.exitCode !== null) throw new Error('Chroma’s server does not start.');
    await wait(50);
  }
  const stop = async () => {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { host: '127.0.0.1', port, stop };
}
