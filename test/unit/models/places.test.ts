/** Where things are looked for: model names, hub settings, cache directories. */
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ovembedCacheDir } from '../../../lib/cache-dir.js';
import { type HubSettings, hubSettings } from '../../../lib/models/hub/settings.js';
import { resolveModel, resolveModelWith } from '../../../lib/models/resolve.js';
import { failure, modelFolder, temporaryFolder, writeFiles } from './folders.js';

describe('a folder', () => {
  test('absolute or relative, wins over a name', async () => {
    const folder = modelFolder();
    const expected = { folder, id: null, revision: null };
    expect(await resolveModel(folder)).toEqual(expected);
    expect(await resolveModel(relative(process.cwd(), folder))).toEqual(expected);
    expect(await resolveModel('test/unit')).toEqual({ ...expected, folder: resolve('test/unit') });
  });

  test.each(['./missing', '../missing', '/missing/model', '~/missing'])('%s that is not there', async (path) => {
    const problem = await failure(resolveModel(path, { offline: true }));
    expect(problem.code).toBe('ERR_MODEL_NOT_FOUND');
    expect(problem.message).toContain('no such directory');
  });

  test('that is a file', async () => {
    const problem = await failure(resolveModel(join(modelFolder(), 'config.json'), { offline: true }));
    expect(problem.code).toBe('ERR_MODEL_NOT_FOUND');
    expect(problem.message).toContain('no directory');
  });
});

describe('a name', () => {
  const offline: HubSettings = { ...hubSettings({}), cache: temporaryFolder(), offline: true };
  const attempt = (model: unknown, revision?: unknown) =>
    failure(resolveModelWith(offline, model as string, { revision: revision as string }));

  test.each([
    'all-MiniLM-L6-v2',
    'org/name/extra',
    'org/..name',
    'org/a..b',
    'org/a--b',
    '.org/name',
    'org/na me',
    'org/',
  ])('%s is none', async (model) => {
    const problem = await attempt(model);
    expect(problem.code).toBe('ERR_MODEL_NOT_FOUND');
    expect(problem.message).toContain('"org/name"');
  });

  test('without an organisation gets a hint', async () => {
    expect((await attempt('all-MiniLM-L6-v2')).message).toContain('"sentence-transformers/all-MiniLM-L6-v2"');
  });

  test.each([[''], [undefined], [7], ['a\0b']])('%j is an invalid argument', async (model) => {
    expect((await attempt(model)).code).toBe('ERR_INVALID_ARGUMENT');
  });

  test.each([[''], ['..'], ['a/../../b'], ['-x'], ['/etc'], [7], ['a b']])(
    'revision %j is invalid',
    async (revision) => {
      const problem = await attempt('org/name', revision);
      expect(problem.code).toBe('ERR_INVALID_ARGUMENT');
      expect(problem.message).toContain('revision');
    },
  );
});

describe('the hub cache, as huggingface_hub finds it', () => {
  const home = join(homedir(), '.cache', 'huggingface', 'hub');
  test.each<[NodeJS.ProcessEnv, string]>([
    [{ HF_HUB_CACHE: '/a', HUGGINGFACE_HUB_CACHE: '/b', HF_HOME: '/c', XDG_CACHE_HOME: '/d' }, '/a'],
    [{ HUGGINGFACE_HUB_CACHE: '/b', HF_HOME: '/c', XDG_CACHE_HOME: '/d' }, '/b'],
    [{ HF_HOME: '/c', XDG_CACHE_HOME: '/d' }, '/c/hub'],
    [{ XDG_CACHE_HOME: '/d' }, '/d/huggingface/hub'],
    [{}, home],
    [{ HF_HUB_CACHE: '' }, home],
    [{ HF_HOME: '~/hf' }, join(homedir(), 'hf', 'hub')],
  ])('%j: %s', (env, cache) => {
    expect(hubSettings(env).cache).toBe(resolve(cache));
  });
});

test('the other settings of the hub', () => {
  const nowhere = { HF_HOME: temporaryFolder() };
  expect(hubSettings(nowhere)).toMatchObject({
    endpoint: 'https://huggingface.co',
    token: null,
    offline: false,
    timeoutMs: 10_000,
    symlinks: true,
  });
  const env = {
    HF_ENDPOINT: 'https://mirror/hf/',
    HF_TOKEN: ' t \n',
    HF_HUB_OFFLINE: 'yes',
    HF_HUB_DOWNLOAD_TIMEOUT: '3',
  };
  expect(hubSettings(env)).toMatchObject({ endpoint: 'https://mirror/hf', token: 't', offline: true, timeoutMs: 3000 });
  expect(hubSettings({ HF_HUB_OFFLINE: '0' }).offline).toBe(false);
  expect(hubSettings({ TRANSFORMERS_OFFLINE: '1' }).offline).toBe(true);
  expect(hubSettings({ HF_HUB_DISABLE_SYMLINKS: '1' }).symlinks).toBe(false);
});

test('the token, from the environment, else from the file that "hf auth login" writes', () => {
  const home = writeFiles(temporaryFolder(), { token: 'of the file\n', other: 'of the other file' });
  const files = { HF_HOME: home };
  expect(hubSettings(files).token).toBe('of the file');
  expect(hubSettings({ ...files, HF_TOKEN_PATH: join(home, 'other') }).token).toBe('of the other file');
  expect(hubSettings({ ...files, HF_TOKEN_PATH: join(home, 'none') }).token).toBe(null);
  expect(hubSettings({ ...files, HF_TOKEN: 'given' }).token).toBe('given');
  expect(hubSettings({ ...files, HUGGING_FACE_HUB_TOKEN: 'old name' }).token).toBe('old name');
  expect(hubSettings({ ...files, HF_TOKEN: 'given', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token).toBe(null);
});

test.skipIf(process.platform !== 'linux')("ovembed's own cache directory", () => {
  expect(ovembedCacheDir('here', { OVEMBED_CACHE_DIR: '/a' })).toBe(resolve('here'));
  expect(ovembedCacheDir(undefined, { OVEMBED_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(ovembedCacheDir(undefined, { XDG_CACHE_HOME: '/b' })).toBe('/b/ovembed');
  expect(ovembedCacheDir(undefined, {})).toBe(join(homedir(), '.cache', 'ovembed'));
});
