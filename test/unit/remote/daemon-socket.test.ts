/** The socket of a daemon: whose it is decides who reads the texts. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { daemonFolders, daemonSocketIn } from '../../../lib/remote/daemon-socket.js';

const root = mkdtempSync(join(tmpdir(), 'ovembed-socket-'));
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(root, { recursive: true, force: true });
});

let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++), 'folder');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
});

/** Leaves a socket there. */
async function listen(): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(join(folder, 'serve.sock'), resolve));
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    ({ message }: Error) => message,
  );

describe('a socket is taken', () => {
  test('of this user, in a folder of this user', async () => {
    await listen();
    expect(await daemonSocketIn(folder)).toBe(join(folder, 'serve.sock'));
  });

  test('by a path without links, so that a link cannot be turned elsewhere afterwards', async () => {
    await listen();
    const link = join(root, 'link');
    symlinkSync(folder, link);
    expect(await daemonSocketIn(link)).toBe(join(folder, 'serve.sock'));
  });

  test('and none is where there is none', async () => {
    expect(await daemonSocketIn(folder)).toBeUndefined();
    expect(await daemonSocketIn(join(folder, 'none'))).toBeUndefined();
  });
});

describe('it is refused', () => {
  test('if the folder is of another user', async () => {
    await listen();
    const other = (process.getuid?.() ?? 0) + 1;
    expect(await refusal(daemonSocketIn(folder, other))).toContain(`${folder} belongs to another user`);
  });

  test.for([0o770, 0o707, 0o1777])('if others can write to the folder: %o', async (mode) => {
    await listen();
    chmodSync(folder, mode);
    expect(await refusal(daemonSocketIn(folder))).toContain('can be written by others');
  });

  test('if others can put another folder in its place, but not where the sticky bit keeps them from it', async () => {
    await listen();
    chmodSync(join(folder, '..'), 0o777);
    expect(await refusal(daemonSocketIn(folder))).toContain('can be written by others');
    chmodSync(join(folder, '..'), 0o1777);
    expect(await refusal(daemonSocketIn(folder))).toBe('none');
  });

  test('if it is no socket', async () => {
    writeFileSync(join(folder, 'serve.sock'), '');
    expect(await refusal(daemonSocketIn(folder))).toContain('is no socket');
  });
});

test("it is in the user's folder of things that run, then in that of caches", () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/7', OVEMBED_CACHE_DIR: '/home/a/cache' };
  expect(daemonFolders(env)).toEqual(['/run/user/7/ovembed-daemon', '/home/a/cache/ovembed-daemon']);
  expect(daemonFolders({ OVEMBED_CACHE_DIR: '/home/a/cache' })).toEqual(['/home/a/cache/ovembed-daemon']);
});
