/** The three sources of one model give the same vectors: safetensors built natively, ONNX, OpenVINO IR. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { toolPath } from '../../scripts/build/paths.mjs';
import { ensurePythonPackages, PYTHON } from '../../scripts/models/python-packages.mjs';
import { fixture, miniLM, ROOT, smallestCosine, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const onnx = join(folder, 'onnx-model');
const openvino = join(folder, 'openvino-model');
const texts = fixture<string[]>('oracle/all-MiniLM-L6-v2/texts.json').filter((_, i) => i % 3 === 0);

beforeAll(async () => {
  const packages = await ensurePythonPackages(join(ROOT, 'scripts/models/requirements.txt'));
  execFileSync(PYTHON, [join(ROOT, 'scripts/models/make_onnx.py'), miniLM(), onnx], {
    env: { ...process.env, PYTHONPATH: packages },
  });
  mkdirSync(openvino);
  for (const name of readdirSync(onnx).filter((entry) => entry !== 'onnx')) {
    cpSync(join(onnx, name), join(openvino, name), { recursive: true });
  }
  execFileSync(toolPath('save_ir'), [
    'safetensors',
    join(miniLM(), 'model.safetensors'),
    join(openvino, 'openvino_model.xml'),
  ]);
});

async function vectors(model: string, source: string): Promise<Float32Array> {
  await using embedder = await Embedder.load(model, { precision: 'f32', cacheDir: folder });
  expect(embedder.info.source).toBe(source);
  return (await embedder.embed(texts)).data;
}

test('safetensors, ONNX and IR agree to a cosine of 0.999999', async () => {
  const reference = await vectors(miniLM(), 'safetensors');
  expect(smallestCosine(await vectors(onnx, 'onnx'), reference, 384)).toBeGreaterThan(0.999999);
  expect(smallestCosine(await vectors(openvino, 'openvino'), reference, 384)).toBeGreaterThan(0.999999);
});

test('model.onnx in the folder itself is found too', async () => {
  const flat = join(folder, 'flat-onnx-model');
  cpSync(openvino, flat, { recursive: true, filter: (path) => !path.includes('openvino_model') });
  copyFileSync(join(onnx, 'onnx/model.onnx'), join(flat, 'model.onnx'));
  await vectors(flat, 'onnx');
});

test('a second load is served from the compiled-model cache, with the same bits', async () => {
  const load = () => Embedder.load(miniLM(), { precision: 'f32', cacheDir: join(folder, 'fresh') });
  const [first, second] = [await load(), await load()];
  expect(first.info.fromBlob).toBe(false);
  // While the first is open, the second shares its compiled model; once it is closed, the blob is read.
  expect(second.info.fromBlob).toBe(false);
  const computed = await first.embed(texts.slice(0, 20));
  await first.close();
  await second.close();
  await using third = await load();
  expect(third.info.fromBlob).toBe(true);
  expect((await third.embed(texts.slice(0, 20))).data).toEqual(computed.data);
});
