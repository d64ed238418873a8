import { readdirSync, readFileSync, readlinkSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OvembedErrorCode } from '../../../lib/errors.js';
import { type DownloadProgress, type ResolveOptions, readModelFolder } from '../../../lib/models/index.js';
import { resolveModelWith } from '../../../lib/models/resolve.js';
import { COMMIT, type FakeHub, type Fault, gitId, ID, listen, sha256, startFakeHub } from './fake-hub.js';
import { failure, MINI, MODULES, NETWORK, temporaryFolder, writeFiles } from './folders.js';

const resolve = (hub: FakeHub, options: ResolveOptions = {}) =>
  resolveModelWith(hub.settings, ID, { cacheDir: hub.settings.cache, ...options });
const repoOf = (hub: FakeHub) => join(hub.settings.cache, 'models--org--tiny');
const weights = MINI['model.safetensors'] as string;

/** Every file below a folder; a symbolic link reads `name -> target`. */
function tree(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  const names = entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return path.slice(folder.length + 1) + (entry.isSymbolicLink() ? ` -> ${readlinkSync(path)}` : '');
  });
  return names.sort();
}

test('a download leaves what huggingface_hub would leave, and the next call needs no network', async () => {
  const hub = await startFakeHub();
  const model = await resolve(hub);
  expect(model).toEqual({ id: ID, revision: COMMIT, folder: join(repoOf(hub), 'snapshots', COMMIT) });

  const link = (name: string, up: string) => {
    const content = MINI[name] as string | object;
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const etag = name.endsWith('.safetensors') ? sha256(text) : gitId(text);
    return { blob: `blobs/${etag}`, pointer: `snapshots/${COMMIT}/${name} -> ${up}blobs/${etag}` };
  };
  const links = Object.keys(MINI).map((name) => link(name, name.includes('/') ? '../../../' : '../../'));
  const missing = ['2_Normalize/config.json', 'special_tokens_map.json'].map((name) => `.no_exist/${COMMIT}/${name}`);
  expect(tree(repoOf(hub))).toEqual(
    [...links.flatMap(({ blob, pointer }) => [blob, pointer]), ...missing, 'refs/main'].sort(),
  );
  expect(readFileSync(join(repoOf(hub), 'refs', 'main'), 'utf8')).toBe(COMMIT);
  expect(await readModelFolder(model.folder)).toMatchObject({ pooling: ['MEAN'], normalize: true, maxLength: 256 });

  const asked = hub.requests.length;
  expect(await resolve(hub)).toEqual(model);
  expect(await resolve(hub, { offline: true })).toEqual(model);
  expect(hub.requests).toHaveLength(asked);
});

test('the files of modules after pooling are fetched too, and pickled weights are not', async () => {
  const dense = { idx: 2, name: '2', path: '2_Dense', type: 'sentence_transformers.models.Dense' };
  const files = {
    'modules.json': [...MODULES.slice(0, 2), dense],
    '2_Dense/config.json': { in_features: 384, out_features: 2 },
    '2_Dense/pytorch_model.bin': 'pickle',
  };
  const pickled = await startFakeHub(files);
  const problem = await failure(resolve(pickled));
  expect(problem.message).toContain('Expected model.safetensors in 2_Dense');
  expect(pickled.requests.some(({ path }) => path.includes('pytorch_model.bin'))).toBe(false);

  const hub = await startFakeHub({ ...files, '2_Dense/model.safetensors': 'dense weights' });
  const { folder } = await resolve(hub);
  const file = join(folder, '2_Dense/model.safetensors');
  expect((await readModelFolder(folder)).modules).toMatchObject([{ type: 'dense', file, outFeatures: 2 }]);
  expect(readFileSync(file, 'utf8')).toBe('dense weights');
});

test('the token goes to the hub and not to the storage it redirects to', async () => {
  const hub = await startFakeHub();
  hub.settings.token = 'secret';
  await resolve(hub);
  const sent = (server: string) =>
    new Set(hub.requests.filter((request) => request.server === server).map((request) => request.authorization));
  expect(sent('hub')).toEqual(new Set(['Bearer secret']));
  expect(sent('storage')).toEqual(new Set([undefined]));
});

test('a redirect within the hub, as of a renamed model, is followed with the token', async () => {
  const hub = await startFakeHub();
  hub.settings.token = 'secret';
  hub.fault = {
    file: 'tokenizer.json',
    answer: (response) => {
      hub.fault = undefined;
      response.writeHead(307, { location: `/org/new/resolve/${COMMIT}/tokenizer.json` }).end();
    },
  };
  await resolve(hub);
  expect(hub.requests).toContainEqual({
    server: 'hub',
    path: `/org/new/resolve/${COMMIT}/tokenizer.json`,
    authorization: 'Bearer secret',
  });
});

test('a mirror that names the commit only with files it has', async () => {
  const hub = await startFakeHub({}, { file: 'modules.json', answer: (response) => response.writeHead(404).end() });
  const { folder, revision } = await resolve(hub);
  expect(revision).toBe(COMMIT);
  expect((await readModelFolder(folder)).normalize).toBe(false);
  // Such an answer may be a passing one, so it is not remembered.
  expect(tree(repoOf(hub)).filter((name) => name.endsWith('modules.json'))).toEqual([]);
});

test('what killed downloads left is deleted, unless another program may continue it', async () => {
  const hub = await startFakeHub();
  const old = ['blobs/a.12.0123456789ab.incomplete', 'blobs/b.incomplete', 'work-x/wheel'];
  writeFiles(repoOf(hub), Object.fromEntries([...old, 'blobs/c.12.0123456789ab.incomplete'].map((name) => [name, ''])));
  for (const name of [...old, 'work-x']) utimesSync(join(repoOf(hub), name), 1, 1);
  await resolve(hub);
  const left = tree(repoOf(hub)).filter((name) => /incomplete|work/.test(name));
  expect(left).toEqual(['blobs/b.incomplete', 'blobs/c.12.0123456789ab.incomplete']);
});

test('progress is reported per file up to its size', async () => {
  const hub = await startFakeHub();
  const seen: DownloadProgress[] = [];
  await resolve(hub, { onProgress: (progress) => seen.push(progress) });
  const size = weights.length;
  expect(seen).toContainEqual({ file: 'model.safetensors', receivedBytes: size, totalBytes: size });
});

test('without safetensors, or a builder for them, an export is taken', async () => {
  const ir = { 'openvino/openvino_model.xml': '<net/>', 'openvino/openvino_model.bin': 'ir' };
  const other = await startFakeHub({ ...ir, 'config.json': { ...NETWORK, model_type: 'mpnet' } });
  expect((await readModelFolder((await resolve(other)).folder)).sources.map(({ kind }) => kind)).toEqual(['openvino']);

  const onnx = await startFakeHub({
    'model.safetensors': null,
    'onnx/model.onnx': 'graph',
    'onnx/model.onnx_data': 'w',
  });
  expect((await readModelFolder((await resolve(onnx)).folder)).sources[0]?.files).toHaveLength(2);
});

test.each([
  ['a branch', 'refs/pr/1', COMMIT],
  ['a tag', 'v1.0', COMMIT],
  ['a commit', COMMIT, null],
])('%s as revision', async (_, revision, ref) => {
  const hub = await startFakeHub();
  expect((await resolve(hub, { revision })).revision).toBe(COMMIT);
  const refs = tree(repoOf(hub)).filter((name) => name.startsWith('refs/'));
  expect(refs).toEqual(ref ? [`refs/${revision}`] : []);
  expect((await resolve(hub, { revision, offline: true })).revision).toBe(COMMIT);
});

describe('a download that fails says why, leaves no ref and no half file', () => {
  const small = 'tokenizer.json';
  const large = 'model.safetensors';
  const error =
    (status: number, headers = {}) =>
    (file: string): Fault => ({
      file,
      answer: (response) => response.writeHead(status, headers).end(),
    });
  const withHeader = (file: string, changes: Record<string, string>): Fault => ({
    file,
    answer: (response, body, headers) => response.writeHead(200, { ...headers, ...changes }).end(body),
  });
  const withBody = (file: string, on: 'hub' | 'storage', body: string): Fault => ({
    file,
    on,
    answer: (response, _, headers) => response.writeHead(200, { ...headers, 'content-length': body.length }).end(body),
  });

  test.each<[string, Fault, OvembedErrorCode, string[]]>([
    ['a small file with other content', withBody(small, 'hub', '{"version":"2.0"}'), 'ERR_DOWNLOAD', [small, 'hash']],
    ['weights with other content', withBody(large, 'storage', 'WEIGHTS'), 'ERR_DOWNLOAD', [large, sha256(weights)]],
    [
      'weights that are too long',
      withBody(large, 'storage', `${weights}!`),
      'ERR_DOWNLOAD',
      [large, 'more than the stated'],
    ],
    ['weights that are too short', withBody(large, 'storage', 'weig'), 'ERR_DOWNLOAD', [large, '4 of 7 bytes']],
    [
      'a connection cut in the middle',
      {
        file: large,
        on: 'storage',
        answer: (response) => response.writeHead(200, { 'content-length': 7 }).write('we', () => response.destroy()),
      },
      'ERR_DOWNLOAD',
      [large],
    ],
    ['HTTP 500', error(500)(small), 'ERR_DOWNLOAD', [small, 'HTTP 500']],
    ['HTTP 401', error(401)('modules.json'), 'ERR_DOWNLOAD', ['HTTP 401', 'HF_TOKEN', 'private']],
    ['HTTP 403', error(403)(small), 'ERR_DOWNLOAD', ['HTTP 403', 'gated']],
    [
      'no such model',
      error(404, { 'x-error-code': 'RepoNotFound' })('modules.json'),
      'ERR_MODEL_NOT_FOUND',
      [ID, 'main'],
    ],
    ['a required file missing', error(404, { 'x-repo-commit': COMMIT })(small), 'ERR_MODEL_INVALID', [small, COMMIT]],
    ['no ETag', withHeader(small, { etag: '' }), 'ERR_DOWNLOAD', [small, 'ETag']],
    ['an ETag that leads elsewhere', withHeader(small, { etag: '"../../../evil"' }), 'ERR_DOWNLOAD', ['ETag', 'evil']],
    ['redirects in a circle', error(302, { location: '?again' })(small), 'ERR_DOWNLOAD', [small, '10 redirects']],
    [
      'a redirect to a file',
      error(302, { location: 'file:///etc/passwd' })(small),
      'ERR_DOWNLOAD',
      ['file:', 'redirect'],
    ],
  ])('%s', async (_, fault, code, fragments) => {
    const hub = await startFakeHub({}, fault);
    const problem = await failure(resolve(hub));
    expect(problem.code).toBe(code);
    for (const fragment of [hub.settings.endpoint, 'local cache', ...fragments])
      expect(problem.message).toContain(fragment);

    const left = tree(hub.settings.cache);
    expect(left.filter((name) => /refs|incomplete|evil/.test(name))).toEqual([]);
    // Nothing that was written stands in the way once the fault is gone.
    hub.fault = undefined;
    expect((await resolve(hub)).revision).toBe(COMMIT);
  });

  test.each(['hub', 'storage'] as const)('silence of the %s', async (on) => {
    const hub = await startFakeHub({}, { file: large, on, answer: () => {} });
    hub.settings.timeoutMs = 300;
    const problem = await failure(resolve(hub));
    expect(problem.message).toContain('nothing came for 0.3 s');
    expect(problem.message).toContain(large);
  });

  test('silence in the middle of a file, though not of a slow one', async () => {
    const hub = await startFakeHub();
    hub.settings.timeoutMs = 500;
    const drip = (stopAt: number): Fault => ({
      file: large,
      on: 'storage',
      answer: (response, body, headers) => {
        response.writeHead(200, headers);
        for (const [index, byte] of body.subarray(0, stopAt).entries()) {
          setTimeout(() => response.write(Buffer.of(byte)), index * 150);
        }
      },
    });
    hub.fault = drip(3);
    expect((await failure(resolve(hub))).message).toContain('nothing came');
    hub.fault = drip(weights.length);
    expect((await resolve(hub)).revision).toBe(COMMIT);
  });

  test('nobody listens', async () => {
    const hub = await startFakeHub();
    hub.settings.endpoint = 'http://127.0.0.1:9';
    const problem = await failure(resolve(hub));
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(problem.message).toMatch(/127\.0\.0\.1:9.*(ECONNREFUSED|bad port)/);
    expect(problem.cause).toBeInstanceOf(AggregateError);
  });

  test('a server that is no hub', async () => {
    const hub = await startFakeHub();
    hub.settings.endpoint = await listen((_, response) => response.end('<html>Please sign in</html>'));
    const problem = await failure(resolve(hub));
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(problem.message).toContain('this is no hub');
  });
});

test.each([
  ['before', (controller: AbortController) => controller.abort(new Error('not wanted'))],
  ['during', (controller: AbortController) => setTimeout(() => controller.abort(new Error('not wanted')), 200)],
])('an abort %s the download rejects with its reason', async (_, abort) => {
  const hub = await startFakeHub({}, { file: 'model.safetensors', on: 'storage', answer: () => {} });
  const controller = new AbortController();
  abort(controller);
  await expect(resolve(hub, { signal: controller.signal })).rejects.toThrow('not wanted');
  expect(tree(hub.settings.cache).filter((name) => /refs|incomplete/.test(name))).toEqual([]);
});

test('offline asks nobody and says so', async () => {
  const hub = await startFakeHub();
  const problem = await failure(resolve(hub, { offline: true }));
  expect(problem.code).toBe('ERR_MODEL_NOT_FOUND');
  expect(problem.message).toContain('offline');
  expect(problem.message).toContain(repoOf(hub));
  hub.settings.offline = true;
  expect((await failure(resolve(hub))).code).toBe('ERR_MODEL_NOT_FOUND');
  expect(hub.requests).toEqual([]);
});

test('blobs that are there are used again, damaged ones are replaced', async () => {
  const hub = await startFakeHub();
  const { folder } = await resolve(hub);
  rmSync(join(repoOf(hub), 'refs'), { recursive: true });
  const stored = () => hub.requests.filter(({ server }) => server === 'storage').length;
  let transferred = 0;
  const onProgress = () => transferred++;

  await resolve(hub, { onProgress });
  expect(transferred).toBe(0);

  writeFileSync(join(folder, 'model.safetensors'), 'damaged');
  rmSync(join(repoOf(hub), 'refs'), { recursive: true });
  const before = stored();
  await resolve(hub, { onProgress });
  expect(stored()).toBe(before + 1);
  expect(readFileSync(join(folder, 'model.safetensors'), 'utf8')).toBe(weights);
});

describe('a snapshot that another program left', () => {
  const leave = (hub: FakeHub, files: Parameters<typeof writeFiles>[1]) => {
    writeFiles(join(repoOf(hub), 'snapshots', COMMIT), files);
    writeFiles(repoOf(hub), { 'refs/main': COMMIT });
  };
  const transformerOnly = { 'config.json': NETWORK, 'tokenizer.json': '{}', 'model.safetensors': weights };

  test('without modules.json is not taken for a bare transformer, but completed', async () => {
    const hub = await startFakeHub();
    leave(hub, transformerOnly);
    expect((await failure(resolve(hub, { offline: true }))).message).toContain('modules.json is not there');
    expect((await readModelFolder((await resolve(hub)).folder)).normalize).toBe(true);
  });

  test('is taken as it is if the hub is known to have no modules.json', async () => {
    const hub = await startFakeHub();
    leave(hub, transformerOnly);
    writeFiles(repoOf(hub), { [`.no_exist/${COMMIT}/modules.json`]: '' });
    expect((await readModelFolder((await resolve(hub, { offline: true })).folder)).normalize).toBe(false);
  });

  test('without weights is completed', async () => {
    const hub = await startFakeHub();
    leave(hub, { ...MINI, 'model.safetensors': null });
    expect((await failure(resolve(hub, { offline: true }))).message).toContain('None of');
    await resolve(hub);
    expect(hub.requests.some(({ server }) => server === 'storage')).toBe(true);
  });

  test('a ref that leads out of the cache is not followed', async () => {
    const hub = await startFakeHub();
    leave(hub, MINI);
    writeFiles(hub.settings.cache, MINI);
    writeFiles(repoOf(hub), { 'refs/main': '../..' });
    expect((await failure(resolve(hub, { offline: true }))).message).toContain('no usable entry');
  });
});

test('module paths from the hub cannot leave the folder', async () => {
  const hub = await startFakeHub({ 'modules.json': [MODULES[0], { ...MODULES[1], path: '../../../../evil' }] });
  const problem = await failure(resolve(hub));
  expect(problem.code).toBe('ERR_MODEL_INVALID');
  expect(problem.message).toContain('../../../../evil');
  expect(hub.requests.every(({ path }) => !path.includes('evil'))).toBe(true);
});

test('a cache that cannot be written ends the download with the reason', async () => {
  const hub = await startFakeHub();
  hub.settings.cache = join(writeFiles(temporaryFolder(), { file: '' }), 'file', 'cache');
  const problem = await failure(resolve(hub));
  expect(problem.code).toBe('ERR_DOWNLOAD');
  expect(problem.message).toContain('ENOTDIR');
});
