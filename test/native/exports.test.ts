/** Sources of one small model with all the inputs and outputs that exporters give: the vectors are those of its safetensors. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Embedder, type LoadOptions } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { ensurePythonPackages, PYTHON } from '../../scripts/models/python-packages.mjs';
import { fixture, ROOT, smallestCosine, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const original = join(folder, 'original');
const spec = { ...tinyModels.mean, normalize: false };
writeTinyModel(spec, original);
const texts = fixture<string[]>('tiny/texts.json');

let packages: string;
beforeAll(async () => {
  packages = await ensurePythonPackages(join(ROOT, 'scripts/models/requirements.txt'));
});

/** An ONNX model made of the original. */
function onnx(name: string, ...options: string[]): string {
  const target = join(folder, name);
  const script = join(ROOT, 'scripts/models/make_onnx.py');
  execFileSync(PYTHON, [script, original, target, ...options], { env: { ...process.env, PYTHONPATH: packages } });
  return target;
}

async function vectors(model: string, options: LoadOptions = {}) {
  const plain = { precision: 'f32', performance: 'throughput', batchTokens: 1_024, cacheDir: folder } as const;
  await using embedder = await Embedder.load(model, { ...plain, ...options });
  return { info: embedder.info, data: (await embedder.embed(texts)).data };
}

async function expectSame(model: string, source: string, options: LoadOptions = {}) {
  const expected = await vectors(original);
  const { info, data } = await vectors(model, options);
  expect(info.source).toBe(source);
  expect(smallestCosine(data, expected.data, expected.info.dimensions)).toBeGreaterThan(0.999999);
  return info;
}

describe('safetensors in shards', () => {
  test.each(['F32', 'F16', 'BF16'] as const)('%s', async (dtype) => {
    const [whole, sharded] = [join(folder, `whole-${dtype}`), join(folder, `sharded-${dtype}`)];
    const model = { ...spec, bert: { ...spec.bert, dtype } };
    writeTinyModel(model, whole);
    writeTinyModel({ ...model, shards: 3 }, sharded);
    expect((await vectors(sharded)).data).toEqual((await vectors(whole)).data);
  });
});

describe('ONNX', () => {
  test.each(['without_types', 'narrow_inputs', 'more_outputs', 'one_output', 'sentence_only'])(
    '%s',
    async (variant) => {
      await expectSame(onnx(variant, '--variant', variant), 'onnx');
    },
  );

  test('without_mask: texts are not padded', async () => {
    const info = await expectSame(onnx('without_mask', '--variant', 'without_mask'), 'onnx');
    expect(info.buckets).toEqual([1]);
    expect((await vectors(join(folder, 'without_mask'), { buckets: 8 })).info.buckets).toEqual([8]);
  });

  test('with_positions: they count from the first token, whichever side is padded', async () => {
    const model = onnx('with_positions', '--variant', 'with_positions');
    await expectSame(model, 'onnx');
    await expectSame(model, 'onnx', { paddingSide: 'left' });
  });

  test("sentence_transformers: the folder's own pooling goes before the graph's", async () => {
    await expectSame(onnx('both', '--variant', 'sentence_transformers'), 'onnx');
  });

  test('a variant in a file of its own, by name', async () => {
    const model = onnx('named');
    renameSync(join(model, 'onnx/model.onnx'), join(model, 'onnx/model_O3.onnx'));
    await expectSame(model, 'onnx');
    const { info } = await vectors(model, { modelFile: 'onnx/model_O3.onnx' });
    expect(info.source).toBe('onnx');
  });
});

describe('external data of ONNX', () => {
  test('beside the model', async () => {
    await expectSame(onnx('external', '--external'), 'onnx');
  });

  test("in the hub's cache, where both files are links into another folder", async () => {
    const model = onnx('linked', '--external');
    mkdirSync(join(folder, 'blobs'), { recursive: true });
    for (const name of ['model.onnx', 'model.onnx_data']) {
      const link = join(model, 'onnx', name);
      const blob = join(folder, 'blobs', `of-${basename(name)}-by-hash`);
      renameSync(link, blob);
      symlinkSync(relative(dirname(link), blob), link);
    }
    await expectSame(model, 'onnx');
  });
});
