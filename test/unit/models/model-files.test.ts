/** What is fetched of a model: every module's files, and the weights of those that have some. */
import { expect, test } from 'vitest';
import { collectModelFiles } from '../../../lib/models/model-files.js';
import { MINI, MODULES, modelFolder, onnxNaming } from './folders.js';

const type = (name: string) => `sentence_transformers.models.${name}`;
const CHAIN = [
  ...MODULES.slice(0, 2),
  { idx: 2, name: '2', path: '2_Dense', type: type('Dense') },
  { idx: 3, name: '3', path: '3_LayerNorm', type: type('LayerNorm') },
  { idx: 4, name: '4', path: '4_Normalize', type: type('Normalize') },
];

async function collected(modelFile?: string): Promise<string[]> {
  const folder = modelFolder({ 'modules.json': CHAIN, 'onnx/model.onnx': onnxNaming('model.onnx_data') });
  const asked: string[] = [];
  const there = [...Object.keys(MINI), 'onnx/model.onnx', '2_Dense/model.safetensors', '3_LayerNorm/model.safetensors'];
  await collectModelFiles(
    folder,
    async (file, need) => {
      asked.push(`${file} ${need}`);
      return need === 'required' || there.includes(file);
    },
    modelFile,
  );
  return asked;
}

test('modules with weights', async () => {
  expect(await collected()).toEqual(
    expect.arrayContaining([
      '1_Pooling/config.json required',
      '2_Dense/config.json required',
      '2_Dense/model.safetensors optional',
      '3_LayerNorm/config.json required',
      '3_LayerNorm/model.safetensors optional',
      '4_Normalize/config.json optional',
    ]),
  );
});

test('one format of weights, or the file that is wanted', async () => {
  const weights = (asked: string[]) => asked.filter((file) => /^(onnx|openvino|model)/.test(file));
  expect(weights(await collected())).toEqual([
    'openvino/openvino_model.xml optional',
    'openvino_model.xml optional',
    'model.safetensors optional',
  ]);
  expect(weights(await collected('onnx/model.onnx'))).toEqual([
    'onnx/model.onnx required',
    'onnx/model.onnx_data required',
  ]);
});
