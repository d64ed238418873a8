/** The cache is shared with Python's huggingface_hub: what one has downloaded the other finds, and both wait for one lock. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMIT, ID } from '../../fake-hub/server.js';
import { outcome } from '../cli/support.js';
import { defects, HubPlace, REPO, WEIGHTS } from './support.js';

/** Where the scripts that make test vectors keep their Python packages. */
const installed = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ovembed', 'python-packages');
const folders = existsSync(installed) ? readdirSync(installed).map((name) => join(installed, name)) : [];

/** A PYTHONPATH with huggingface_hub; undefined if there is none. */
const pythonPath = [process.env.PYTHONPATH ?? '', ...folders].find((path) => {
  try {
    execFileSync('python3', ['-c', 'import huggingface_hub, filelock'], {
      env: { ...process.env, PYTHONPATH: path },
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
});

describe.skipIf(pythonPath === undefined)('with huggingface_hub of Python (skipped where it is not installed)', () => {
  const start = (place: HubPlace, code: string) =>
    spawn('python3', ['-c', code], {
      cwd: place.folder,
      env: { ...place.env, PYTHONPATH: pythonPath, HF_HUB_DISABLE_XET: '1', HF_HUB_DISABLE_PROGRESS_BARS: '1' },
    });
  async function python(place: HubPlace, code: string): Promise<string> {
    const result = await outcome(start(place, code));
    expect(result.code, result.stderr).toBe(0);
    return result.stdout.trim();
  }
  /** Requests for files; of its own accord, Python also asks the hub for other things. */
  const files = (place: HubPlace) => place.requests.filter(({ path }) => !path.startsWith('/api/')).length;
  const snapshot = (options: string) =>
    `from huggingface_hub import snapshot_download; print(snapshot_download('${ID}'${options}))`;

  test('Python finds what ovembed has downloaded', async () => {
    const place = await HubPlace.start();
    const folder = (await place.pull()).stdout.trim();
    expect(await python(place, snapshot(', local_files_only=True'))).toBe(folder);
    const asked = files(place);
    const one = `from huggingface_hub import hf_hub_download; print(hf_hub_download('${ID}', '${WEIGHTS}', local_files_only=True))`;
    expect(await python(place, one)).toBe(join(folder, WEIGHTS));
    const known =
      "from huggingface_hub import try_to_load_from_cache as t, _CACHED_NO_EXIST as n; print(t('org/tiny', 'openvino_model.xml') is n)";
    expect(await python(place, known)).toBe('True');
    expect(files(place)).toBe(asked);

    // And what it fetches beside is what was not there.
    await python(place, snapshot(''));
    expect(place.downloads(WEIGHTS)).toHaveLength(1);
  });

  test('ovembed finds what Python has downloaded', async () => {
    const place = await HubPlace.start();
    const folder = await python(place, snapshot(''));
    expect(folder).toBe(join(place.repo, 'snapshots', COMMIT));
    const asked = files(place);
    expect((await place.pull('--offline')).stdout.trim()).toBe(folder);
    expect((await place.run('embed', '--model', ID, '--quiet')).code).toBe(0);
    expect(files(place)).toBe(asked);
    expect((await place.pull()).stderr).toContain('nothing new');
    expect(JSON.parse((await place.run('models', '--json')).stdout).models[0].revisions[0]).toMatchObject({
      commit: COMMIT,
      refs: ['main'],
      complete: true,
    });
    await place.run('models', 'remove', ID);
    expect(readdirSync(place.cache).filter((name) => name.startsWith('models--'))).toEqual([]);
  });

  test('both see the same in a cache', async () => {
    const place = await HubPlace.start();
    await place.pull('--revision', 'v1');
    const scan =
      'from huggingface_hub import scan_cache_dir; i = scan_cache_dir(); r = next(iter(i.repos)); v = next(iter(r.revisions)); ' +
      'print(r.repo_id, r.size_on_disk, v.commit_hash, sorted(v.refs), len(v.files), [str(w) for w in i.warnings])';
    const { models } = JSON.parse((await place.run('models', '--json')).stdout);
    const { files: count, bytes } = models[0].revisions[0];
    expect(await python(place, scan)).toBe(`${ID} ${bytes} ${COMMIT} ['v1'] ${count} []`);
  });

  test('ovembed waits for a lock of Python, and Python for one of ovembed', async () => {
    const place = await HubPlace.start();
    const lock = join(place.cache, '.locks', REPO, `${place.etag(WEIGHTS)}.lock`);
    mkdirSync(join(lock, '..'), { recursive: true });
    const hold = `import filelock, sys; l = filelock.FileLock('${lock}'); l.acquire(); print('held', flush=True); sys.stdin.read()`;
    const holder = start(place, hold);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const pull = place.spawn('pull', ID);
    const ended = outcome(pull);
    let said = '';
    pull.stderr.on('data', (data) => (said += data));
    await expect.poll(() => said, { timeout: 30_000 }).toContain('Waiting for another process');
    expect(place.downloads(WEIGHTS)).toEqual([]);
    holder.stdin.end();
    expect((await ended).code).toBe(0);

    let letGo = () => {};
    const slow = await HubPlace.start();
    slow.fault = ({ on, response, body }) => {
      if (on !== 'storage') return false;
      letGo = () => response.writeHead(200, { 'content-length': body.length }).end(body);
      return true;
    };
    const first = outcome(slow.spawn('pull', ID));
    await expect.poll(() => slow.downloads(WEIGHTS).length, { timeout: 30_000 }).toBe(1);
    const taken = join(slow.cache, '.locks', REPO, `${slow.etag(WEIGHTS)}.lock`);
    const attempt = `import filelock\ntry:\n  filelock.FileLock('${taken}').acquire(timeout=0.2); print('free')\nexcept filelock.Timeout: print('held')`;
    expect(await python(slow, attempt)).toBe('held');
    letGo();
    expect((await first).code).toBe(0);
    expect(await python(slow, attempt)).toBe('free');
  });

  test('both at once fetch the weights once', async () => {
    const place = await HubPlace.start();
    place.fault = (answer) => {
      if (answer.on !== 'storage' || answer.method === 'HEAD') return false;
      const { response, body } = answer;
      response.writeHead(200, { 'content-length': body.length });
      setTimeout(() => response.end(body), 3_000);
      return true;
    };
    const [ours] = await Promise.all([place.pull(), python(place, snapshot(''))]);
    expect(ours.code).toBe(0);
    expect(place.downloads(WEIGHTS)).toHaveLength(1);
    expect(defects(place.cache)).toEqual([]);
  });
});
