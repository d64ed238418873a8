/** The server and its clients, each a process. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '../..');
const START_MS = 180_000;
const LOOK_MS = 50;

/** Of the server's process, such as `--cpu-prof`. */
const NODE_ARGUMENTS = process.env.BENCH_SERVER_NODE_ARGUMENTS?.split(' ') ?? [];

/**
 * `ovembed serve`, as a user starts it but for the probe.
 * @param {string} model
 * @param {string[]} [args]
 * @param {NodeJS.ProcessEnv} [env] in addition to this process's own
 */
export async function startOvembed(model, args = [], env = {}) {
  const log = openLog();
  const child = fork(join(ROOT, 'dist/cli/main.js'), ['serve', model, '--port', '0', '--json', ...args], {
    execArgv: ['--import', join(import.meta.dirname, 'probe.mjs'), ...NODE_ARGUMENTS],
    stdio: ['ignore', 'ignore', log.descriptor, 'ipc'],
    env: { ...process.env, ...env },
  });
  const url = await readyOf(child, log);
  const cut = async () => {
    child.send('cut');
    const [figures] = await once(child, 'message');
    return figures;
  };
  return { url, path: '/v1/embeddings', cut, stop: () => stop(child).finally(log.close) };
}

/** A file for a line of each request, as a service has one: a pipe would keep the server waiting for its reader. */
function openLog() {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-bench-'));
  const file = join(folder, 'log');
  const descriptor = openSync(file, 'w');
  const close = () => {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  };
  return { descriptor, text: () => readFileSync(file, 'utf8'), close };
}

async function readyOf(child, log) {
  for (;;) {
    const said = log.text();
    const address = /"ready","address":"([^"]+)"/.exec(said)?.[1];
    if (address !== undefined) return new URL(address);
    if (child.exitCode !== null) throw new Error(`ovembed serve did not start: ${said}`);
    await delay(LOOK_MS);
  }
}

/**
 * Another server, by a command that is told where to listen.
 * @param {{ command: string, args: string[], env: NodeJS.ProcessEnv, port: number, path: string, health: string }} options
 */
export async function startOther({ command, args, env, port, path, health }) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const end = performance.now() + START_MS;
  const url = new URL(`http://127.0.0.1:${port}`);
  for (;;) {
    const answer = await fetch(new URL(health, url)).catch(() => null);
    if (answer?.ok) return { url, path, stop: () => stop(child) };
    if (child.exitCode !== null || performance.now() > end) throw new Error(`${command} did not start: ${said}`);
    await delay(200);
  }
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await once(child, 'exit');
  clearTimeout(hard);
}

/** The library without a server. */
export class Library {
  #child;

  /** @param {NodeJS.ProcessEnv} env in addition to this process's own */
  constructor(model, env) {
    this.#child = fork(join(import.meta.dirname, 'library.mjs'), [model], {
      stdio: ['ignore', 2, 2, 'ipc'],
      env: { ...process.env, ...env },
    });
  }

  /** @returns {Promise<{ p50: number, p99: number }>} milliseconds of one query after another */
  query(seconds) {
    return new Promise((resolve, reject) => {
      const onExit = (code) => reject(new Error(`The library's process ended with exit code ${code}.`));
      this.#child.once('exit', onExit).once('message', (times) => {
        this.#child.off('exit', onExit);
        resolve(times);
      });
      this.#child.send({ seconds });
    });
  }

  close() {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** The clients. */
export class Driver {
  #child = fork(join(import.meta.dirname, 'driver.mjs'), { stdio: ['ignore', 2, 2, 'ipc'] });

  /**
   * @param {{ url: URL, path: string }} server
   * @param {object} job see driver.mjs
   * @param {(stage: number) => void} [onStage] a stage begins; the number of stages: the last has ended
   */
  run({ url, path }, job, onStage = () => {}) {
    const target = { host: url.hostname, port: Number(url.port), path };
    return new Promise((resolve, reject) => {
      const onMessage = ({ stage, stages, error }) => {
        if (stage !== undefined) return onStage(stage);
        this.#child.off('message', onMessage);
        if (error) reject(new Error(error));
        else resolve(stages);
      };
      this.#child.on('message', onMessage);
      this.#child.send({ ...job, target });
    });
  }

  close() {
    this.#child.disconnect();
  }
}
