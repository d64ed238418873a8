/** Models that are compiled ahead, on the CPU, as no NPU is here: the same files, the same way into the cache. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type ConvertedModel, convertModel } from '../../lib/convert.js';
import { BlobCache } from '../../lib/devices/blobs.js';
import { takeAhead } from '../../lib/devices/compiled-ahead.js';
import { cpuIdentity } from '../../lib/devices/machine.js';
import { graphIdentity, readModelFolder, sha256OfFile } from '../../lib/models/index.js';
import { type NativePipeline, native } from '../../lib/native.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { bits, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const model = join(folder, 'model');
const { signal } = new AbortController();
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const convert = (output: string, ahead: Parameters<typeof convertModel>[4]) =>
  convertModel(model, join(folder, output), 'f32', { logger: silent, signal, cacheDir: folder }, ahead);

let written: ConvertedModel;
beforeAll(async () => {
  writeTinyModel(tinyModels.mean, model);
  written = await convert('ahead', { device: 'CPU', platform: null, buckets: [16, 32], signal });
});

/** As `Embedder.load` compiles for a row of this many tokens, with a cache of its own. */
async function open(width: number, source = written): Promise<NativePipeline> {
  const spec = await readModelFolder(source.folder);
  const [network] = spec.sources;
  if (!network) throw new Error('no network');
  const { runtimeVersion, loadPipeline } = native();
  const shape = { rows: 1, width };
  const device = { device: 'CPU', deviceName: 'any' };
  const graph = await graphIdentity(spec);
  const key = { graph, ...device, cpu: await cpuIdentity(), precision: 'f32', shape, runtimeVersion };
  const blobFile = (await new BlobCache(mkdtempSync(join(folder, 'cache-'))).fileFor(key)) as string;
  await takeAhead(network.file, blobFile, key, silent);
  const { pooling, modules, paddingSide, padTokenId } = spec;
  const computation = { precision: 'f32', int8Weights: false, int8Activations: false } as const;
  const how = { device: 'CPU', ...computation, streams: 1, threads: 2, shape, blobFile };
  return loadPipeline({ source: network, ...how, pooling, modules, paddingSide, padTokenId });
}

async function vectorOf(pipeline: NativePipeline, bucket: number): Promise<number[]> {
  const tokenizer = await native().loadTokenizer({ file: join(model, 'tokenizer.json') });
  const encoding = await tokenizer.encode(['the stone bridge'], {
    maxLength: 0,
    offsets: false,
    addSpecialTokens: true,
  });
  const parts = [{ encoding, rows: Uint32Array.of(0) }];
  const { data } = await pipeline.infer(parts, { bucket, output: 'pooled', dimensions: 0, normalize: true });
  encoding.release();
  tokenizer.close();
  await pipeline.close();
  return bits(data);
}

test('the manifest says what each file is', async () => {
  const { compiled } = written;
  const network = join(written.folder, 'openvino');
  expect(JSON.parse(readFileSync(join(network, 'compiled/manifest.json'), 'utf8'))).toEqual(compiled);
  expect(compiled).toMatchObject({ version: 1, device: 'CPU', platform: null });
  expect(compiled?.runtimeVersion).toBe(native().runtimeVersion);
  expect(compiled?.graph).toBe(await graphIdentity(await readModelFolder(written.folder)));
  expect(compiled?.blobs.map(({ shape }) => shape.width)).toEqual([16, 32]);
  for (const { file, sha256, precision } of compiled?.blobs ?? []) {
    expect(precision).toBe('f32');
    expect(await sha256OfFile(join(network, 'compiled', file))).toBe(sha256);
  }
});

test.each([16, 32])(
  'a load takes what was compiled ahead for %d tokens, with the bits of what is compiled here',
  async (width) => {
    const ahead = await open(width);
    expect([ahead.fromBlob, ahead.blobProblem]).toEqual([true, null]);
    const here = await open(width, await convert(`plain-${width}`, undefined));
    expect(here.fromBlob).toBe(false);
    expect(await vectorOf(ahead, width)).toEqual(await vectorOf(here, width));
  },
);

test('a file that turns out to be damaged is compiled again, never run', async () => {
  const damaged = await convert('damaged', { device: 'CPU', platform: null, buckets: [16], signal });
  const compiled = join(damaged.folder, 'openvino/compiled');
  const file = join(compiled, '1x16.blob');
  const content = readFileSync(file);
  content.writeUInt8(content.readUInt8(1_000) ^ 1, 1_000);
  writeFileSync(file, content);
  const manifest = JSON.parse(readFileSync(join(compiled, 'manifest.json'), 'utf8'));
  manifest.blobs[0].sha256 = await sha256OfFile(file); // as if it had been made so
  writeFileSync(join(compiled, 'manifest.json'), JSON.stringify(manifest));
  const pipeline = await open(16, damaged);
  expect([pipeline.fromBlob, pipeline.blobProblem]).toEqual([false, expect.stringContaining('compiled again')]);
  expect(await vectorOf(pipeline, 16)).toEqual(await vectorOf(await open(16), 16));
});

test('a bucket that the model cannot read is refused, and nothing is left', async () => {
  const error = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('received 100000') };
  const ahead = { device: 'CPU', platform: null, buckets: [16, 100_000], signal } as const;
  await expect(convert('long', ahead)).rejects.toMatchObject(error);
  expect(existsSync(join(folder, 'long'))).toBe(false);
});

test.skipIf(process.platform === 'win32')('without an NPU compiler it says so, and leaves nothing', async () => {
  const error = { code: 'ERR_DEVICE_UNAVAILABLE', message: expect.stringContaining('no compiler for NPU') };
  const ahead = { device: 'NPU', platform: '4000', buckets: [32], signal } as const;
  await expect(convert('npu', ahead)).rejects.toMatchObject(error);
  expect(existsSync(join(folder, 'npu'))).toBe(false);
});
