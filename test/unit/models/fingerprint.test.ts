import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fingerprint, graphIdentity, type ModelSpec, readModelFolder } from '../../../lib/models/index.js';
import { type Files, modelFolder, NETWORK, POOLING, temporaryFolder } from './folders.js';

const of = async (changes: Files = {}, overrides: Partial<ModelSpec> = {}) =>
  fingerprint({ ...(await readModelFolder(modelFolder(changes))), ...overrides }, { cacheDir: temporaryFolder() });

test('is a SHA-256 that depends on content, not on the place', async () => {
  expect(await of()).toMatch(/^[0-9a-f]{64}$/);
  expect(await of()).toBe(await of());
});

describe('changes with', () => {
  test.each<[string, Files, Partial<ModelSpec>]>([
    ['the weights', { 'model.safetensors': 'Weights' }, {}],
    ['the form of the same weights', { 'model.safetensors': null, 'onnx/model.onnx': 'weights' }, {}],
    ['the tokenizer', { 'tokenizer.json': { version: '1.1' } }, {}],
    ['config.json', { 'config.json': { ...NETWORK, layer_norm_eps: 1e-5 } }, {}],
    ['the pooling configuration', { '1_Pooling/config.json': { ...POOLING, embedding_dimension: 384 } }, {}],
    ['a configuration of Normalize', { '2_Normalize/config.json': {} }, {}],
    ['the longest input', { 'sentence_bert_config.json': { max_seq_length: 128 } }, {}],
    ['the prompts', { 'config_sentence_transformers.json': { prompts: { query: 'query: ' } } }, {}],
    ['the default prompt', { 'config_sentence_transformers.json': { default_prompt_name: 'query' } }, {}],
    ['the padding side', { 'tokenizer_config.json': { padding_side: 'left' } }, {}],
    ['pooling overridden', {}, { pooling: ['CLS'] }],
    ['normalisation overridden', {}, { normalize: false }],
    ['the longest input overridden', {}, { maxLength: 128 }],
    ['the padding side overridden', {}, { paddingSide: 'left' }],
    ['the prompts overridden', {}, { prompts: { query: '', document: 'passage: ' } }],
    ['the default prompt overridden', {}, { defaultPromptName: 'query' }],
  ])('%s', async (_, changes, overrides) => {
    expect(await of(changes, overrides)).not.toBe(await of());
  });
});

describe('modules after pooling', () => {
  const weights = modelFolder({ a: 'a', b: 'b', copy: 'a' });
  const dense = (name: string, activation: 'tanh' | 'relu' = 'tanh') =>
    ({ type: 'dense', file: join(weights, name), inFeatures: 2, outFeatures: 2, bias: true, activation }) as const;
  const withModules = (...modules: ModelSpec['modules']) => of({}, { modules });

  test('count with their weights, options and order', async () => {
    const prints = [
      await of(),
      await withModules(dense('a')),
      await withModules(dense('b')),
      await withModules(dense('a', 'relu')),
      await withModules(dense('a'), dense('b')),
      await withModules(dense('b'), dense('a')),
      await withModules({ type: 'normalize' }, dense('a')),
      await withModules(dense('a'), { type: 'normalize' }),
    ];
    expect(new Set(prints).size).toBe(prints.length);
    expect(await withModules(dense('copy'))).toBe(prints[1]);
  });

  test('are part of the identity of the graph', async () => {
    const spec = await readModelFolder(modelFolder());
    const options = { cacheDir: temporaryFolder() };
    const graph = (name: string) => graphIdentity({ ...spec, modules: [dense(name)] }, options);
    expect(await graph('a')).not.toBe(await graph('b'));
    expect(await graph('a')).not.toBe(await graphIdentity(spec, options));
  });
});

test('does not depend on the order of prompts, but on what belongs to which', async () => {
  const prompts = { query: 'a', document: 'b' };
  expect(await of({}, { prompts: { document: 'b', query: 'a' } })).toBe(await of({}, { prompts }));
  expect(await of({}, { prompts: { query: 'b', document: 'a' } })).not.toBe(await of({}, { prompts }));
  // One after the other, the names and texts of both read "abcd".
  expect(await of({}, { prompts: { a: 'b', c: 'd' } })).not.toBe(await of({}, { prompts: { a: 'bc', d: '' } }));
});

test('every file of a source counts', async () => {
  const ir = { 'openvino/openvino_model.xml': 'net', 'openvino/openvino_model.bin': 'weights' };
  expect(await of({ ...ir, 'openvino/openvino_model.bin': 'Weights' })).not.toBe(await of(ir));
});

test('weights replaced by others of the same size and age are noticed by their inode or time', async () => {
  const folder = modelFolder();
  const weights = join(folder, 'model.safetensors');
  utimesSync(weights, 1000, 1000);
  const cacheDir = temporaryFolder();
  const spec = await readModelFolder(folder);
  const before = await fingerprint(spec, { cacheDir });
  writeFileSync(weights, 'WEIGHTS');
  utimesSync(weights, 1000, 1000.001);
  expect(await fingerprint(spec, { cacheDir })).not.toBe(before);
});

test('the identity of the graph is that of weights and network, whatever is applied outside of it', async () => {
  const graph = async (changes: Files = {}) =>
    graphIdentity(await readModelFolder(modelFolder(changes)), { cacheDir: temporaryFolder() });
  const same = await graph();
  expect(same).toMatch(/^[0-9a-f]{64}$/);
  expect(await graph({ 'sentence_bert_config.json': { max_seq_length: 128 }, '2_Normalize/config.json': {} })).toBe(
    same,
  );
  expect(await graph({ 'model.safetensors': 'Weights' })).not.toBe(same);
  expect(await graph({ 'model.safetensors': null, 'onnx/model.onnx': 'weights' })).not.toBe(same);
  expect(await graph({ 'config.json': { ...NETWORK, layer_norm_eps: 1e-5 } })).not.toBe(same);
});
