/** Disks that are full or take nothing. They are mounted for it, which needs Linux and root. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ID } from '../../fake-hub/server.js';
import { defects, HubPlace, REPO, WEIGHTS } from './support.js';

function mount(folder: string, options: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
}

const canMount = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** A place whose cache is a disk of its own. */
async function onDisk(options: string, files = {}): Promise<HubPlace> {
  const place = await HubPlace.start(files);
  mkdirSync(place.cache);
  mount(place.cache, options);
  onTestFinished(() => void execFileSync('umount', ['-l', place.cache]));
  return place;
}

describe.skipIf(!canMount)('a disk', () => {
  const large = { [WEIGHTS]: Buffer.alloc(3_000_000, 'weights') };

  test('that has no room for a file is said to have none, before anything of it is fetched', async () => {
    const place = await onDisk('size=2m', large);
    const { code, stderr } = await place.pull();
    expect(code).toBe(4);
    expect(stderr).toContain(`${WEIGHTS} needs 3000000 bytes more`);
    expect(stderr).toContain('HF_HUB_CACHE');
    expect(place.downloads(WEIGHTS)).toEqual([]);
    expect(defects(place.cache)).toEqual([]);
  });

  test('that fills up meanwhile is left as it was, and a later run succeeds', async () => {
    const place = await onDisk('size=5m', large);
    const filler = join(place.cache, 'filler');
    place.fault = (answer) => {
      if (answer.on === 'storage') writeFileSync(filler, Buffer.alloc(3_000_000));
      return false;
    };
    const { code, stderr } = await place.pull();
    expect(code).toBe(4);
    expect(stderr).toContain('ENOSPC');
    expect(readdirSync(join(place.cache, REPO, 'blobs')).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
    expect(defects(place.cache)).toEqual([]);
    place.fault = undefined;
    execFileSync('rm', [filler]);
    expect((await place.pull()).code).toBe(0);
  });

  test('that is read-only gives what it has, and is the reason for what it has not', async () => {
    const place = await onDisk('size=9m');
    await place.pull();
    execFileSync('mount', ['-o', 'remount,ro', place.cache]);
    expect((await place.pull('--offline')).code).toBe(0);
    expect((await place.run('embed', '--model', ID, '--quiet')).code).toBe(0);
    const { code, stderr } = await place.pull('--revision', 'v2');
    expect(code).toBe(4);
    expect(stderr).toContain('EROFS');
  });
});
