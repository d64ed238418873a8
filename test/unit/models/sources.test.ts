/** Which files of a folder are the weights: shards, external data, variants, and what a user names. */
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../lib/models/index.js';
import { type Files, failure, modelFolder, NETWORK, onnxNaming } from './folders.js';

const INDEX = 'model.safetensors.index.json';
const index = (map: Record<string, unknown>) => ({
  'model.safetensors': null,
  [INDEX]: { metadata: {}, weight_map: map },
});
const noSafetensors = { 'model.safetensors': null };
const onnx = (location: string, files: Files = {}) => ({
  ...noSafetensors,
  'onnx/model.onnx': onnxNaming(location),
  ...files,
});

/** Kind and files of each source, relative to the folder. */
async function sources(files: Files, modelFile?: string) {
  const folder = modelFolder(files);
  const spec = await readModelFolder(folder, modelFile);
  return spec.sources.map((source) => {
    expect(source.files[0]).toBe(source.file);
    return [source.kind, ...source.files.map((file) => relative(folder, file).replaceAll('\\', '/'))];
  });
}

const problem = (files: Files, modelFile?: string) => failure(readModelFolder(modelFolder(files), modelFile));

describe('sharded safetensors', () => {
  const shards = { 'a.safetensors': 'a', 'b.safetensors': 'b' };

  test('the index and each shard once, in a fixed order', async () => {
    const files = { ...index({ x: 'b.safetensors', y: 'a.safetensors', z: 'b.safetensors' }), ...shards };
    expect(await sources(files)).toEqual([['safetensors', INDEX, 'a.safetensors', 'b.safetensors']]);
  });

  test('one file goes before shards, as in transformers', async () => {
    const found = await sources({ ...index({ x: 'a.safetensors' }), ...shards, 'model.safetensors': 'w' });
    expect(found.map(([, file]) => file)).toEqual(['model.safetensors', INDEX]);
  });

  test.each<[string, Files, string]>([
    ['a shard that is missing', index({ x: 'a.safetensors' }), 'a.safetensors is missing'],
    ['no map', { ...noSafetensors, [INDEX]: {} }, 'weight_map'],
    ['an empty map', index({}), 'weight_map'],
    ['a map that is a list', { ...noSafetensors, [INDEX]: { weight_map: ['a.safetensors'] } }, 'weight_map'],
    ['a shard that is a number', index({ x: 1 }), '"x"'],
    ['a shard out of the folder', index({ x: '../a.safetensors' }), '"../a.safetensors"'],
    ['a shard out of the folder, by backslashes', index({ x: '..\\a.safetensors' }), 'beside the index'],
    ['a shard in a folder', index({ x: '1_Pooling/a.safetensors' }), 'beside the index'],
    ['an absolute path', index({ x: '/etc/a.safetensors' }), 'beside the index'],
    ['a shard of another kind', index({ x: 'pytorch_model.bin' }), 'pytorch_model.bin'],
    ['an index cut off', { ...noSafetensors, [INDEX]: '{"weight_map": {' }, 'not valid JSON'],
  ])('%s', async (_, files, message) => {
    const error = await problem(files);
    expect(error.code).toBe('ERR_MODEL_INVALID');
    expect(error.message).toContain(message);
  });
});

describe('external data of ONNX', () => {
  test.each([
    ['model.onnx_data', 'onnx/model.onnx_data'],
    ['weights of any name', 'onnx/weights of any name'],
    ['parts/a.bin', 'onnx/parts/a.bin'],
    ['./a.bin', 'onnx/a.bin'],
  ])('%s', async (location, file) => {
    expect(await sources(onnx(location, { [file]: 'w' }))).toEqual([['onnx', 'onnx/model.onnx', file]]);
  });

  test('key and value in either order', async () => {
    const file = onnxNaming('a.bin', { valueFirst: true });
    expect(await sources({ ...noSafetensors, 'model.onnx': file, 'a.bin': 'w' })).toEqual([
      ['onnx', 'model.onnx', 'a.bin'],
    ]);
  });

  test('files of a similar name that the model does not name are not taken', async () => {
    const files = onnx('model.onnx_data', { 'onnx/model.onnx_data': 'w', 'onnx/model.onnx_data.bak': 'w' });
    expect(await sources(files)).toEqual([['onnx', 'onnx/model.onnx', 'onnx/model.onnx_data']]);
  });

  test('a file that is no protobuf names none: the runtime says what is wrong with it', async () => {
    for (const content of ['weights', '', '\n\n\n\n', Buffer.alloc(1000, 0xff), onnxNaming('a.bin').subarray(0, 20)]) {
      expect(await sources({ ...noSafetensors, 'model.onnx': content })).toEqual([['onnx', 'model.onnx']]);
    }
  });

  test('data behind 100 KB of weights in the model itself is found', async () => {
    const weights = Buffer.alloc(100_000, 7);
    // Field 99, 100,000 bytes.
    const inline = Buffer.concat([Buffer.of(0x9a, 6, 0xa0, 0x8d, 6), weights]);
    const file = Buffer.concat([inline, onnxNaming('a.bin')]);
    expect(await sources({ ...noSafetensors, 'model.onnx': file, 'a.bin': 'w' })).toEqual([
      ['onnx', 'model.onnx', 'a.bin'],
    ]);
  });

  test.each<[string, string, string]>([
    ['missing', 'gone.bin', 'gone.bin is missing'],
    ['out of the folder', '../../secret', '../../secret'],
    ['out and in again', 'a/../../onnx/b', 'a/../../onnx/b'],
    ['out, by backslashes', '..\\secret', 'secret'],
    ['absolute', '/etc/passwd', '/etc/passwd'],
    ['on a drive', 'C:\\secret', 'C:'],
    ['without a name', '', '""'],
  ])('%s is an error', async (_, location, message) => {
    const error = await problem(onnx(location));
    expect(error.code).toBe('ERR_MODEL_INVALID');
    expect(error.message).toContain(message);
    expect(error.message).toContain('model.onnx');
    if (location !== 'gone.bin') expect(error.message).toContain('Expected a file in its own folder or below it');
  });
});

describe('variants of an export', () => {
  const plain = onnx('a.bin', { 'onnx/a.bin': 'w' });
  const ir = (name: string) => ({ [`openvino/${name}.xml`]: '<net/>', [`openvino/${name}.bin`]: 'w' });

  test('are not taken beside the plain one, nor beside safetensors', async () => {
    const variants = {
      'onnx/model_quantized.onnx': 'q',
      'onnx/model_O3.onnx': 'o',
      ...ir('openvino_model_qint8_quantized'),
    };
    expect(await sources(variants)).toEqual([['safetensors', 'model.safetensors']]);
    expect(await sources({ ...plain, ...variants })).toEqual([['onnx', 'onnx/model.onnx', 'onnx/a.bin']]);
  });

  test.each<[string, Files, string]>([
    ['onnx/model_quantized.onnx', {}, 'onnx'],
    ['model_O4.onnx', {}, 'onnx'],
    ['openvino/openvino_model_qint8_quantized.xml', ir('openvino_model_qint8_quantized'), 'openvino'],
  ])('%s is taken when it is the only one', async (file, files, kind) => {
    const found = await sources({
      ...noSafetensors,
      [file]: 'graph',
      ...files,
      'config.json': { ...NETWORK, model_type: 'x' },
    });
    expect(found.map(([what, first]) => [what, first])).toEqual([[kind, file]]);
  });

  test('of several, one has to be named', async () => {
    const files = { ...noSafetensors, 'onnx/model_O1.onnx': 'a', 'onnx/model_O2.onnx': 'b' };
    const error = await problem(files);
    expect(error.message).toContain('onnx/model_O1.onnx, onnx/model_O2.onnx: name one by the option modelFile');
    expect(await sources(files, 'onnx/model_O2.onnx')).toEqual([['onnx', 'onnx/model_O2.onnx']]);
  });

  test('a file that is named goes before all others, with what belongs to it', async () => {
    const files = { ...plain, 'model.safetensors': 'w', ...ir('other') };
    expect(await sources(files, 'openvino/other.xml')).toEqual([
      ['openvino', 'openvino/other.xml', 'openvino/other.bin'],
    ]);
    expect(await sources(files, 'onnx/model.onnx')).toEqual([['onnx', 'onnx/model.onnx', 'onnx/a.bin']]);
    expect(await sources(files, 'model.safetensors')).toEqual([['safetensors', 'model.safetensors']]);
  });

  test.each([
    ['../model.onnx', 'ERR_INVALID_ARGUMENT'],
    ['/model.onnx', 'ERR_INVALID_ARGUMENT'],
    ['model.bin', 'ERR_INVALID_ARGUMENT'],
    ['constructor', 'ERR_INVALID_ARGUMENT'],
    ['missing.onnx', 'ERR_MODEL_NOT_FOUND'],
  ])('%s as modelFile is %s', async (file, code) => {
    const error = await problem({}, file);
    expect(error.code).toBe(code);
    expect(error.message).toContain(basename(file));
  });

  test('GGUF alone is said not to be read', async () => {
    const error = await problem({ ...noSafetensors, 'bge-q8_0.gguf': 'GGUF' });
    expect(error.message).toContain('bge-q8_0.gguf is not read');
  });
});

test('all files of sharded weights count for the fingerprint', async () => {
  const { fingerprint } = await import('../../../lib/models/index.js');
  const of = async (b: string) => {
    const folder = modelFolder({
      ...index({ x: 'a.safetensors', y: 'b.safetensors' }),
      'a.safetensors': 'a',
      'b.safetensors': b,
    });
    return fingerprint(await readModelFolder(folder), { cacheDir: join(folder, 'cache') });
  };
  expect(await of('b')).toBe(await of('b'));
  expect(await of('B')).not.toBe(await of('b'));
});
