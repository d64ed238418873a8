/** Worker processes that are killed, held up and replaced. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const SCRIPT = join(import.meta.dirname, 'worker-child.mjs');

export interface WorkerPlace {
  cwd: string;
  env: NodeJS.ProcessEnv;
  redis: string;
  job: string;
  lockMs: number;
}

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output = '';

  constructor({ cwd, env, redis, job, lockMs }: WorkerPlace) {
    const args = [SCRIPT, redis, job, String(lockMs)];
    this.#child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        this.#output += data;
      });
    }
    this.#ended = once(this.#child, 'close');
  }

  /** What it has said. */
  get output(): string {
    return this.#output;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get wasKilled(): boolean {
    return this.#child.signalCode === 'SIGKILL';
  }

  /** Until it takes shards, or is over. */
  async ready(): Promise<void> {
    while (!this.#output.startsWith('ready') && !this.isOver) await wait(5);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  ended(): Promise<unknown> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }
}
