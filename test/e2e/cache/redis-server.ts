/** A real redis-server on a free port, without root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { ovembedCacheDir } from '../../../lib/cache-dir.js';

interface Binary {
  path: string;
  libraries?: string;
}

/** Debian 12's, with the SHA-256 of each. Where apt has others by now, its own check of signatures has to do. */
const PACKAGES: Record<string, string> = {
  'redis-tools_5%3a7.0.15-1~deb12u10_amd64.deb': 'f791cfcbf3054832bd6e786546acb0d4e046888f8e63bcf567c1c65fbfaf69e2',
  'libjemalloc2_5.3.0-1_amd64.deb': 'a4117c23c5c8acf6c9678a6cb086f000b79476369da7efe8a78a70826956ad3d',
  'liblzf1_3.6-3_amd64.deb': '9854b0866201b63e04f1e446f45f01ef4a6f72c61f2250b75f944f6046cc7e8c',
};
const NAMES = Object.keys(PACKAGES).map((file) => file.split('_')[0] as string);

/** The server's program: `REDIS_SERVER`, what an earlier run fetched, Debian's packages, or PATH. Else the reason why not. */
export function findRedisServer(): Binary | { missing: string } {
  if (process.env.REDIS_SERVER) return { path: process.env.REDIS_SERVER };
  const folder = join(ovembedCacheDir(), 'redis-server-7.0.15');
  try {
    if (!existsSync(folder)) fetchPackages(folder);
    const libraries = join(folder, 'usr/lib/x86_64-linux-gnu');
    return checked({ path: join(folder, 'usr/bin/redis-server'), libraries });
  } catch (error) {
    try {
      return checked({ path: 'redis-server' });
    } catch {
      return { missing: `no redis-server in PATH, and Debian's could not be fetched: ${(error as Error).message}` };
    }
  }
}

function checked(binary: Binary): Binary {
  execFileSync(binary.path, ['--version'], { env: environment(binary), stdio: 'pipe' });
  return binary;
}

const environment = ({ libraries }: Binary) => ({ ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) });

function fetchPackages(folder: string): void {
  mkdirSync(ovembedCacheDir(), { recursive: true });
  const partial = mkdtempSync(`${folder}-`);
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: partial, stdio: 'pipe' });
  try {
    try {
      run('apt-get', 'download', ...NAMES);
    } catch {
      run('apt-get', 'update'); // A new machine has no lists yet.
      run('apt-get', 'download', ...NAMES);
    }
    for (const file of readdirSync(partial).filter((name) => name.endsWith('.deb'))) {
      const expected = PACKAGES[file];
      const actual = createHash('sha256')
        .update(readFileSync(join(partial, file)))
        .digest('hex');
      if (expected && expected !== actual) throw new Error(`SHA-256 of ${file} is ${actual}, not ${expected}`);
      run('dpkg', '-x', file, '.');
      rmSync(join(partial, file));
    }
    rmSync(join(partial, 'usr/bin/redis-server'), { force: true });
    // One program, which acts by the name it is called by; the link itself is in a package with an init script.
    symlinkSync('redis-check-rdb', join(partial, 'usr/bin/redis-server'));
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class RedisServer {
  readonly #binary: Binary;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ovembed-redis-'));
  readonly port: number;
  /** That `command` gives. */
  password = '';
  /** Of each start. */
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(binary: Binary, port: number, options: readonly string[]) {
    this.#binary = binary;
    this.port = port;
    this.#options = options;
  }

  static async start(binary: Binary, ...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(binary, await freePort(), options);
    await server.restart();
    await server.ready();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, not waiting until it answers. */
  async restart(...options: string[]): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const local = ['--enable-debug-command', 'yes', '--maxmemory-policy', 'noeviction'];
    this.#process = spawn(this.#binary.path, [...args, ...local, ...this.#options, ...options], {
      env: environment(this.#binary),
      stdio: 'ignore',
    });
  }

  async ready(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const pong = await this.command('PING').catch(() => undefined);
      if (pong === 'PONG') return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('redis-server does not answer');
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    this.signal('SIGKILL');
    await exited;
  }

  /** A command on a connection of its own. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const client = new Redis(this.port, '127.0.0.1', {
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      enableReadyCheck: false,
      ...(this.password && { password: this.password }),
    });
    client.on('error', () => {});
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
