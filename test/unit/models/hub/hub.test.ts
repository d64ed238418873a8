/** What a download asks for, what it leaves in the cache, and when the cache is enough. */
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DownloadProgress, readModelFolder } from '../../../../lib/models/index.js';
import { COMMIT, gitId, ID, listen, sha256 } from '../../../fake-hub/server.js';
import { failure, MINI, MODULES, NETWORK, onnxNaming, temporaryFolder, writeFiles } from '../folders.js';
import { HubBench, tree } from './support.js';

const IR = ['openvino/openvino_model.xml', 'openvino_model.xml'];
const weights = MINI['model.safetensors'] as string;

test('a download leaves what huggingface_hub would leave, and the next call needs no network', async () => {
  const hub = await HubBench.start();
  const model = await hub.resolve();
  expect(model).toEqual({ id: ID, revision: COMMIT, folder: join(hub.repo, 'snapshots', COMMIT) });

  const link = (name: string, up: string) => {
    const content = MINI[name] as string | object;
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const etag = name.endsWith('.safetensors') ? sha256(text) : gitId(text);
    return { blob: `blobs/${etag}`, pointer: `snapshots/${COMMIT}/${name} -> ${up}blobs/${etag}` };
  };
  const links = Object.keys(MINI).map((name) => link(name, name.includes('/') ? '../../../' : '../../'));
  const absent = ['2_Normalize/config.json', 'special_tokens_map.json', ...IR];
  const missing = absent.map((name) => `.no_exist/${COMMIT}/${name}`);
  expect(tree(hub.repo)).toEqual(
    [...links.flatMap(({ blob, pointer }) => [blob, pointer]), ...missing, 'refs/main'].sort(),
  );
  expect(readFileSync(join(hub.repo, 'refs', 'main'), 'utf8')).toBe(COMMIT);
  expect(await readModelFolder(model.folder)).toMatchObject({ pooling: ['MEAN'], normalize: true, maxLength: 256 });

  const asked = hub.requests.length;
  expect(await hub.resolve()).toEqual(model);
  expect(await hub.resolve({ offline: true })).toEqual(model);
  expect(hub.requests).toHaveLength(asked);
});

test('the token goes to the hub and not to the storage it redirects to', async () => {
  const hub = await HubBench.start();
  hub.settings.token = 'secret';
  await hub.resolve();
  const sent = (server: string) =>
    new Set(hub.requests.filter((request) => request.server === server).map((request) => request.authorization));
  expect(sent('hub')).toEqual(new Set(['Bearer secret']));
  expect(sent('storage')).toEqual(new Set([undefined]));
});

test('a redirect within the hub, as of a renamed model, is followed with the token', async () => {
  const hub = await HubBench.start();
  hub.settings.token = 'secret';
  hub.fault = ({ file, response }) => {
    if (file !== 'tokenizer.json' || response.req.url?.startsWith('/org/new')) return false;
    response.writeHead(307, { location: `/org/new/resolve/${COMMIT}/tokenizer.json` }).end();
    return true;
  };
  await hub.resolve();
  expect(hub.downloads('tokenizer.json')).toContainEqual(
    expect.objectContaining({ path: `/org/new/resolve/${COMMIT}/tokenizer.json`, authorization: 'Bearer secret' }),
  );
});

test('a mirror that sends everything to another hub gets the token, and nobody else does', async () => {
  const hub = await HubBench.start();
  const asked: (string | undefined)[] = [];
  hub.settings.endpoint = await listen(({ url, headers }, response) => {
    asked.push(headers.authorization);
    response.writeHead(308, { location: `${hub.endpoint}${url}` }).end();
  });
  hub.settings.token = 'secret';
  expect((await hub.resolve()).revision).toBe(COMMIT);
  expect(new Set(asked)).toEqual(new Set(['Bearer secret']));
  expect(new Set(hub.requests.map((request) => request.authorization))).toEqual(new Set([undefined]));
});

test('a mirror that names the commit only with files it has', async () => {
  const hub = await HubBench.start({}, ({ file, response }) => {
    if (file !== 'modules.json') return false;
    response.writeHead(404).end();
    return true;
  });
  const { folder, revision } = await hub.resolve();
  expect(revision).toBe(COMMIT);
  expect((await readModelFolder(folder)).normalize).toBe(false);
  // Such an answer may be a passing one, so it is not remembered.
  expect(tree(hub.repo).filter((name) => name.endsWith('modules.json'))).toEqual([]);
});

test('what killed downloads left is deleted, unless another program may continue it', async () => {
  const hub = await HubBench.start();
  const old = ['blobs/a.12.0123456789ab.incomplete', 'blobs/b.incomplete', 'work-x/wheel'];
  writeFiles(hub.repo, Object.fromEntries([...old, 'blobs/c.12.0123456789ab.incomplete'].map((name) => [name, ''])));
  for (const name of [...old, 'work-x']) utimesSync(join(hub.repo, name), 1, 1);
  await hub.resolve();
  const left = tree(hub.repo).filter((name) => /incomplete|work/.test(name));
  expect(left).toEqual(['blobs/b.incomplete', 'blobs/c.12.0123456789ab.incomplete']);
});

test('progress is reported per file up to its size', async () => {
  const hub = await HubBench.start();
  const seen: DownloadProgress[] = [];
  await hub.resolve({ onProgress: (progress) => seen.push(progress) });
  const size = weights.length;
  expect(seen).toContainEqual({ file: 'model.safetensors', receivedBytes: size, totalBytes: size });
});

describe('of several formats, only the one that would be read is fetched', () => {
  const ir = { 'openvino/openvino_model.xml': '<net/>', 'openvino/openvino_model.bin': 'ir' };
  const onnx = { 'onnx/model.onnx': onnxNaming('model.onnx_data'), 'onnx/model.onnx_data': 'w' };
  const others = { 'pytorch_model.bin': 'torch', 'README.md': 'about', 'rust_model.ot': 'rust', 'vocab.txt': 'a' };

  test.each([
    ['OpenVINO IR', { ...ir, ...onnx, ...others }, Object.keys(ir)],
    ['safetensors', { ...onnx, ...others }, ['model.safetensors']],
    ['ONNX', { ...onnx, ...others, 'model.safetensors': null }, Object.keys(onnx)],
    ['ONNX', { ...onnx, ...others, 'config.json': { ...NETWORK, model_type: 'unknown' } }, Object.keys(onnx)],
  ])('%s', async (_, files, expected) => {
    const hub = await HubBench.start(files);
    const { folder } = await hub.resolve();
    const linked = tree(folder).map((name) => name.split(' -> ')[0] as string);
    expect(linked.filter((name) => !/json$/.test(name))).toEqual(expected.sort());
    expect((await readModelFolder(folder)).sources[0]?.files.map((file) => relative(folder, file)).sort()).toEqual(
      expected,
    );
  });
});

test('the files of modules after pooling are fetched too, and pickled weights are not', async () => {
  const dense = { idx: 2, name: '2', path: '2_Dense', type: 'sentence_transformers.models.Dense' };
  const files = {
    'modules.json': [...MODULES.slice(0, 2), dense],
    '2_Dense/config.json': { in_features: 384, out_features: 2 },
    '2_Dense/pytorch_model.bin': 'pickle',
  };
  const pickled = await HubBench.start(files);
  const problem = await failure(pickled.resolve());
  expect(problem.message).toContain('Expected model.safetensors in 2_Dense');
  expect(pickled.requests.some(({ path }) => path.includes('pytorch_model.bin'))).toBe(false);

  const hub = await HubBench.start({ ...files, '2_Dense/model.safetensors': 'dense weights' });
  const { folder } = await hub.resolve();
  const file = join(folder, '2_Dense/model.safetensors');
  expect((await readModelFolder(folder)).modules).toMatchObject([{ type: 'dense', file, outFeatures: 2 }]);
  expect(readFileSync(file, 'utf8')).toBe('dense weights');
});

test.each([
  ['a branch', 'refs/pr/1', COMMIT],
  ['a tag', 'v1.0', COMMIT],
  ['a commit', COMMIT, null],
])('%s as revision', async (_, revision, ref) => {
  const hub = await HubBench.start();
  expect((await hub.resolve({ revision })).revision).toBe(COMMIT);
  const refs = tree(hub.repo).filter((name) => name.startsWith('refs/'));
  expect(refs).toEqual(ref ? [`refs/${revision}`] : []);
  expect((await hub.resolve({ revision, offline: true })).revision).toBe(COMMIT);
});

test.each(['before', 'during'])('an abort %s the download rejects with its reason', async (moment) => {
  const controller = new AbortController();
  const hub = await HubBench.start({}, ({ on }) => {
    if (on === 'storage') controller.abort(new Error('not wanted'));
    return on === 'storage';
  });
  if (moment === 'before') controller.abort(new Error('not wanted'));
  await expect(hub.resolve({ signal: controller.signal })).rejects.toThrow('not wanted');
  expect(tree(hub.settings.cache).filter((name) => /refs|incomplete/.test(name))).toEqual([]);
  expect(hub.requests.length > 0).toBe(moment === 'during');
});

test('offline asks nobody and says so', async () => {
  const hub = await HubBench.start();
  const problem = await failure(hub.resolve({ offline: true }));
  expect(problem.code).toBe('ERR_MODEL_NOT_FOUND');
  expect(problem.message).toContain('offline');
  expect(problem.message).toContain(hub.repo);
  hub.settings.offline = true;
  expect((await failure(hub.resolve())).code).toBe('ERR_MODEL_NOT_FOUND');
  expect(hub.requests).toEqual([]);
});

test('blobs that are there are used again, damaged ones are replaced', async () => {
  const hub = await HubBench.start();
  const { folder } = await hub.resolve();
  rmSync(join(hub.repo, 'refs'), { recursive: true });
  const stored = () => hub.downloads('model.safetensors').length;
  let transferred = 0;
  const onProgress = () => transferred++;

  await hub.resolve({ onProgress });
  expect(transferred).toBe(0);

  writeFileSync(join(folder, 'model.safetensors'), 'damaged');
  rmSync(join(hub.repo, 'refs'), { recursive: true });
  const before = stored();
  await hub.resolve({ onProgress });
  expect(stored()).toBe(before + 1);
  expect(readFileSync(join(folder, 'model.safetensors'), 'utf8')).toBe(weights);
});

test('a refresh follows a branch that has moved on, and fetches what has changed alone', async () => {
  const hub = await HubBench.start();
  await hub.resolve();
  hub.commit = 'd00d'.padEnd(40, '0');
  hub.files['tokenizer.json'] = { version: '2.0' };
  expect((await hub.resolve()).revision).toBe(COMMIT);
  const { folder, revision } = await hub.resolve({ refresh: true });
  expect(revision).toBe(hub.commit);
  expect(readFileSync(join(folder, 'tokenizer.json'), 'utf8')).toContain('2.0');
  expect(readFileSync(join(hub.repo, 'snapshots', COMMIT, 'tokenizer.json'), 'utf8')).toContain('1.0');
  expect(hub.downloads('model.safetensors')).toHaveLength(1);
  expect(hub.downloads('tokenizer.json')).toHaveLength(2);
  expect((await hub.resolve({ refresh: true, offline: true })).revision).toBe(hub.commit);
});

test('snapshots hold copies where links are not wanted', async () => {
  const hub = await HubBench.start();
  hub.settings.symlinks = false;
  const { folder } = await hub.resolve();
  expect(tree(folder)).toEqual(Object.keys(MINI).sort());
  expect(readFileSync(join(folder, 'model.safetensors'), 'utf8')).toBe(weights);
});

describe('a snapshot that another program left', () => {
  const leave = (hub: HubBench, files: Parameters<typeof writeFiles>[1]) => {
    writeFiles(join(hub.repo, 'snapshots', COMMIT), files);
    writeFiles(hub.repo, { 'refs/main': COMMIT });
  };
  const transformerOnly = { 'config.json': NETWORK, 'tokenizer.json': '{}', 'model.safetensors': weights };

  test('without modules.json is not taken for a bare transformer, but completed', async () => {
    const hub = await HubBench.start();
    leave(hub, transformerOnly);
    expect((await failure(hub.resolve({ offline: true }))).message).toContain('modules.json is not there');
    expect((await readModelFolder((await hub.resolve()).folder)).normalize).toBe(true);
  });

  test('is taken as it is if the hub is known to have no modules.json', async () => {
    const hub = await HubBench.start();
    leave(hub, transformerOnly);
    writeFiles(hub.repo, { [`.no_exist/${COMMIT}/modules.json`]: '' });
    expect((await readModelFolder((await hub.resolve({ offline: true })).folder)).normalize).toBe(false);
  });

  test('is taken as it is if Python has listed the files of the repository, and modules.json is none of them', async () => {
    const hub = await HubBench.start();
    leave(hub, transformerOnly);
    const list = (format_version: number) => ({
      [`trees/${COMMIT}.json`]: { format_version, files: { 'config.json': { size: 1, blob_id: '0' } } },
    });
    writeFiles(hub.repo, list(2));
    expect((await failure(hub.resolve({ offline: true }))).message).toContain('modules.json is not there');
    writeFiles(hub.repo, list(1));
    expect((await readModelFolder((await hub.resolve({ offline: true })).folder)).normalize).toBe(false);
  });

  test('without weights is completed', async () => {
    const hub = await HubBench.start();
    leave(hub, { ...MINI, 'model.safetensors': null });
    expect((await failure(hub.resolve({ offline: true }))).message).toContain('None of');
    await hub.resolve();
    expect(hub.downloads('model.safetensors')).toHaveLength(1);
  });

  test('a ref that leads out of the cache is not followed', async () => {
    const hub = await HubBench.start();
    leave(hub, MINI);
    writeFiles(hub.settings.cache, MINI);
    writeFiles(hub.repo, { 'refs/main': '../..' });
    expect((await failure(hub.resolve({ offline: true }))).message).toContain('no usable entry');
  });
});

test('module paths from the hub cannot leave the folder', async () => {
  const hub = await HubBench.start({ 'modules.json': [MODULES[0], { ...MODULES[1], path: '../../../../evil' }] });
  const problem = await failure(hub.resolve());
  expect(problem.code).toBe('ERR_MODEL_INVALID');
  expect(problem.message).toContain('../../../../evil');
  expect(hub.requests.every(({ path }) => !path.includes('evil'))).toBe(true);
});

test('a cache that cannot be written ends the download with the reason', async () => {
  const hub = await HubBench.start();
  hub.settings.cache = join(writeFiles(temporaryFolder(), { file: '' }), 'file', 'cache');
  const problem = await failure(hub.resolve());
  expect(problem.code).toBe('ERR_DOWNLOAD');
  expect(problem.message).toContain('ENOTDIR');
});
