import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../lib/models/index.js';
import { type Files, MODULES, modelFolder, NETWORK, onnxNaming, POOLING } from './folders.js';

const read = (changes: Files = {}) => readModelFolder(modelFolder(changes));

test('all-MiniLM-L6-v2 is read as sentence-transformers reads it', async () => {
  const folder = modelFolder();
  expect(await readModelFolder(folder)).toEqual({
    folder,
    sources: [
      { kind: 'safetensors', file: join(folder, 'model.safetensors'), files: [join(folder, 'model.safetensors')] },
    ],
    tokenizerFile: join(folder, 'tokenizer.json'),
    modelType: 'bert',
    pooling: ['MEAN'],
    includePrompt: true,
    modules: [],
    normalize: true,
    maxLength: 256,
    maxPositions: 512,
    prompts: { query: '', document: '' },
    defaultPromptName: null,
    doLowerCase: false,
    paddingSide: 'right',
    truncationSide: null,
    padTokenId: 0,
    tokenDimensions: 384,
    similarityFunction: null,
    truncateDim: null,
    files: ['config.json', 'sentence_bert_config.json', '1_Pooling/config.json'].map((file) => join(folder, file)),
  });
});

test('a folder as sentence-transformers 6 writes it', async () => {
  const spec = await read({
    'modules.json': [
      { idx: 0, name: '0', path: '', type: 'sentence_transformers.base.modules.transformer.Transformer' },
      {
        idx: 1,
        name: '1',
        path: '1_Pooling',
        type: 'sentence_transformers.sentence_transformer.modules.pooling.Pooling',
      },
      { idx: 2, name: '2', path: '2_Normalize', type: 'sentence_transformers.base.modules.normalize.Normalize' },
    ],
    'sentence_bert_config.json': {
      transformer_task: 'feature-extraction',
      modality_config: { text: { method: 'forward', method_output_name: 'last_hidden_state' } },
      module_output_name: 'token_embeddings',
    },
    'tokenizer_config.json': { model_max_length: 128, padding_side: 'left', truncation_side: 'left' },
    '1_Pooling/config.json': { embedding_dimension: 384, pooling_mode: 'cls', include_prompt: true },
    '2_Normalize/config.json': { module_input_name: 'sentence_embedding', module_output_name: 'sentence_embedding' },
    'config_sentence_transformers.json': {
      model_type: 'SentenceTransformer',
      prompts: { query: 'query: ', document: null, passage: 'passage: ' },
      default_prompt_name: 'query',
      similarity_fn_name: 'dot',
      truncate_dim: 128,
    },
  });
  expect(spec).toMatchObject({
    pooling: ['CLS'],
    normalize: true,
    maxLength: 128,
    paddingSide: 'left',
    truncationSide: 'left',
    prompts: { query: 'query: ', document: '', passage: 'passage: ' },
    defaultPromptName: 'query',
    similarityFunction: 'dot',
    truncateDim: 128,
  });
  expect(spec.files.at(-1)).toMatch(/2_Normalize/);
});

describe('without modules.json', () => {
  const bare = { 'modules.json': null };

  test('mean pooling, not normalised, and the module configurations are not looked at', async () => {
    const spec = await read({ ...bare, 'config_sentence_transformers.json': { prompts: { query: 'q: ' } } });
    expect(spec).toMatchObject({ pooling: ['MEAN'], normalize: false, maxLength: 512, tokenDimensions: null });
    expect(spec.prompts).toEqual({ query: '', document: '' });
  });

  test.each([
    [{ architectures: ['BertForCausalLM'] }, 'LAST_TOKEN'],
    [{ architectures: ['BertForCausalLM'], is_causal: false }, 'MEAN'],
    [{ architectures: ['BertModel'] }, 'MEAN'],
  ])('%j: %s', async (config, pooling) => {
    expect((await read({ ...bare, 'config.json': { ...NETWORK, ...config } })).pooling).toEqual([pooling]);
  });
});

describe('modules after pooling', () => {
  const OLD = 'sentence_transformers.models';
  const at = (idx: number, name: string) => ({
    idx,
    name: String(idx),
    path: `${idx}_${name}`,
    type: `${OLD}.${name}`,
  });
  const chain = (...names: string[]) => names.map((name, index) => at(index + 2, name));
  const withChain = (modules: object[], files: Files) => ({
    'modules.json': [...MODULES.slice(0, 2), ...modules],
    ...files,
  });

  test('a chain in its order; the Normalize at its end is normalize', async () => {
    const folder = modelFolder(
      withChain(chain('Normalize', 'Dense', 'LayerNorm', 'Dense', 'Normalize'), {
        '3_Dense/config.json': {
          in_features: 384,
          out_features: 64,
          bias: false,
          activation_function: 'torch.nn.modules.linear.Identity',
          module_input_name: 'sentence_embedding',
          use_residual: false,
        },
        '3_Dense/model.safetensors': 'a',
        '4_LayerNorm/config.json': { dimension: 64 },
        '4_LayerNorm/model.safetensors': 'b',
        '5_Dense/config.json': { in_features: 64, out_features: 8 },
        '5_Dense/model.safetensors': 'c',
        '6_Normalize/config.json': {},
      }),
    );
    const spec = await readModelFolder(folder);
    expect(spec.modules).toEqual([
      { type: 'normalize' },
      {
        type: 'dense',
        file: join(folder, '3_Dense/model.safetensors'),
        inFeatures: 384,
        outFeatures: 64,
        bias: false,
        activation: 'identity',
      },
      { type: 'layerNorm', file: join(folder, '4_LayerNorm/model.safetensors'), dimension: 64 },
      {
        type: 'dense',
        file: join(folder, '5_Dense/model.safetensors'),
        inFeatures: 64,
        outFeatures: 8,
        bias: true,
        activation: 'tanh',
      },
    ]);
    expect(spec.normalize).toBe(true);
    const own = ['3_Dense', '4_LayerNorm', '5_Dense', '6_Normalize'].map((name) => join(folder, name, 'config.json'));
    expect(spec.files.slice(-4)).toEqual(own);
  });

  test.each([
    ['torch.nn.modules.activation.Tanh', 'tanh'],
    ['torch.nn.modules.activation.ReLU', 'relu'],
    ['torch.nn.modules.activation.GELU', 'gelu'],
    ['torch.nn.SiLU', 'silu'],
    ['torch.nn.Sigmoid', 'sigmoid'],
    ['torch.nn.Identity', 'identity'],
  ])('%s', async (activation_function, activation) => {
    const config = { in_features: 384, out_features: 2, activation_function };
    const files = { '2_Dense/config.json': config, '2_Dense/model.safetensors': 'a' };
    const spec = await read(withChain(chain('Dense'), files));
    expect(spec).toMatchObject({ normalize: false, modules: [{ activation }] });
  });
});

describe('pooling', () => {
  test.each([
    ['cls', 'CLS'],
    ['max', 'MAX'],
    ['mean', 'MEAN'],
    ['mean_sqrt_len_tokens', 'MEAN_SQRT_LEN'],
    ['weightedmean', 'WEIGHTED_MEAN'],
    ['lasttoken', 'LAST_TOKEN'],
  ])('pooling_mode %s', async (mode, type) => {
    const config = { embedding_dimension: 8, pooling_mode: mode };
    expect((await read({ '1_Pooling/config.json': config })).pooling).toEqual([type]);
    expect((await read({ '1_Pooling/config.json': { ...config, pooling_mode: [mode] } })).pooling).toEqual([type]);
  });

  test.each([
    ['pooling_mode_cls_token', 'CLS'],
    ['pooling_mode_max_tokens', 'MAX'],
    ['pooling_mode_mean_tokens', 'MEAN'],
    ['pooling_mode_mean_sqrt_len_tokens', 'MEAN_SQRT_LEN'],
    ['pooling_mode_weightedmean_tokens', 'WEIGHTED_MEAN'],
    ['pooling_mode_lasttoken', 'LAST_TOKEN'],
  ])('%s', async (flag, type) => {
    const config = { ...POOLING, pooling_mode_mean_tokens: false, [flag]: true };
    expect((await read({ '1_Pooling/config.json': config })).pooling).toEqual([type]);
  });

  test('several modes, put together in the order of the list or of the old keys', async () => {
    const listed = { embedding_dimension: 8, pooling_mode: ['lasttoken', 'cls'], include_prompt: false };
    const spec = await read({ '1_Pooling/config.json': listed });
    expect(spec).toMatchObject({ pooling: ['LAST_TOKEN', 'CLS'], includePrompt: false, tokenDimensions: 8 });
    const flags = { pooling_mode_lasttoken: true, pooling_mode_max_tokens: true, pooling_mode_cls_token: true };
    const { pooling } = await read({ '1_Pooling/config.json': { ...POOLING, ...flags } });
    expect(pooling).toEqual(['CLS', 'MAX', 'MEAN', 'LAST_TOKEN']);
  });

  test('no mode at all is the mean, and pooling_mode wins over the old keys', async () => {
    expect((await read({ '1_Pooling/config.json': { word_embedding_dimension: 8 } })).pooling).toEqual(['MEAN']);
    expect((await read({ '1_Pooling/config.json': { ...POOLING, pooling_mode: 'cls' } })).pooling).toEqual(['CLS']);
  });
});

describe('the longest input', () => {
  const NO_LIMIT = 1e30;
  test.each<[string, object | null, object | null, object, number]>([
    ['max_seq_length holds as it is', { max_seq_length: 1024 }, { model_max_length: 100 }, NETWORK, 1024],
    ['processor_kwargs win', { max_seq_length: 9, processor_kwargs: { model_max_length: 7 } }, null, NETWORK, 7],
    ['tokenizer_args as well', { max_seq_length: 9, tokenizer_args: { model_max_length: 7 } }, null, NETWORK, 7],
    ['no limit, stated', { max_seq_length: NO_LIMIT }, { model_max_length: 100 }, NETWORK, 0],
    ['null is not stated', { max_seq_length: null }, { model_max_length: 100 }, NETWORK, 100],
    ['the network caps the tokenizer', {}, { model_max_length: 1000 }, NETWORK, 512],
    ['the network alone', null, null, NETWORK, 512],
    ['a tokenizer without limit', {}, { model_max_length: NO_LIMIT }, NETWORK, 512],
    ['relative positions', {}, { model_max_length: 99 }, { model_type: 'bert', max_position_embeddings: -1 }, 99],
    ['no limit anywhere', {}, { model_max_length: NO_LIMIT }, { model_type: 'bert' }, 0],
  ])('%s', async (_, own, tokenizer, network, expected) => {
    const files = { 'sentence_bert_config.json': own, 'tokenizer_config.json': tokenizer, 'config.json': network };
    expect((await read(files)).maxLength).toBe(expected);
  });

  test('early releases named the file after the network', async () => {
    const files = { 'sentence_bert_config.json': null, 'sentence_roberta_config.json': { max_seq_length: 75 } };
    expect((await read(files)).maxLength).toBe(75);
  });
});

test('a transformer in a folder of its own, as early releases wrote it', async () => {
  const inFolder = (name: string) => `0_Transformer/${name}`;
  const folder = modelFolder({
    'modules.json': [{ ...MODULES[0], path: '0_Transformer' }, MODULES[1]],
    ...{ 'config.json': null, 'tokenizer.json': null, 'model.safetensors': null, 'sentence_bert_config.json': null },
    [inFolder('config.json')]: NETWORK,
    [inFolder('tokenizer.json')]: {},
    [inFolder('model.safetensors')]: 'weights',
    [inFolder('sentence_bert_config.json')]: { max_seq_length: 128, do_lower_case: true },
  });
  const spec = await readModelFolder(folder);
  expect(spec).toMatchObject({ maxLength: 128, doLowerCase: true, normalize: false });
  expect(spec.tokenizerFile).toBe(join(folder, '0_Transformer', 'tokenizer.json'));
  expect(spec.sources[0]?.file).toBe(join(folder, '0_Transformer', 'model.safetensors'));
});

test.each([
  ['bert', { pad_token_id: 0 }, 512],
  ['xlm-roberta', { max_position_embeddings: 514, pad_token_id: 1 }, 512],
  ['mpnet', { max_position_embeddings: 514, pad_token_id: undefined }, 512],
  ['xlnet', { max_position_embeddings: -1 }, 0],
  ['nomic_bert', { max_position_embeddings: undefined, n_positions: 8192 }, 8192],
  ['t5', { max_position_embeddings: undefined, n_positions: 512 }, 0],
  ['deberta-v2', { position_biased_input: false }, 0],
  ['deberta-v2', {}, 512],
])('the positions of %s with %o are %i', async (model_type, changes, expected) => {
  const network = { ...NETWORK, model_type, ...changes };
  expect((await read({ 'config.json': network, 'onnx/model.onnx': 'graph' })).maxPositions).toBe(expected);
});

test.each([
  ['bert', { pad_token_id: undefined }, 0],
  ['roberta', { pad_token_id: undefined }, 1],
  ['camembert', { pad_token_id: 5 }, 5],
])('texts of %s with %o are padded by %i', async (model_type, changes, expected) => {
  const network = { ...NETWORK, model_type, ...changes };
  expect((await read({ 'config.json': network })).padTokenId).toBe(expected);
});

describe('weights', () => {
  const ir = { 'openvino/openvino_model.xml': '<net/>', 'openvino/openvino_model.bin': 'weights' };
  const onnx = { 'onnx/model.onnx': onnxNaming('model.onnx_data'), 'onnx/model.onnx_data': 'weights' };

  test('OpenVINO IR before safetensors before ONNX', async () => {
    const { sources } = await read({ ...ir, ...onnx });
    expect(sources.map(({ kind }) => kind)).toEqual(['openvino', 'safetensors', 'onnx']);
    expect(sources.map(({ files }) => files.length)).toEqual([2, 1, 2]);
  });

  test('safetensors only where the graph can be built', async () => {
    const { sources } = await read({ ...onnx, 'config.json': { ...NETWORK, model_type: 'xlnet' } });
    expect(sources.map(({ kind }) => kind)).toEqual(['onnx']);
  });
});

test('a relative path is made absolute', async () => {
  const folder = modelFolder();
  const spec = await readModelFolder(join(folder, '..', folder.split('/').at(-1) as string));
  expect(spec.folder).toBe(folder);
});

describe('a tokenizer that needs Python', () => {
  const withEnd = { post_processor: { single: [{ SpecialToken: { id: '<|end|>', type_id: 0 } }] } };

  test.each<[string, Files]>([
    ['its own code', { 'tokenizer_config.json': { auto_map: { AutoTokenizer: ['own.Tokenizer', null] } } }],
    ['its own code, by config.json', { 'config.json': { ...NETWORK, auto_map: { AutoTokenizer: 'own.Tokenizer' } } }],
    ['an end token that it adds', { 'tokenizer_config.json': { add_eos_token: true, eos_token: '<|end|>' } }],
  ])('is refused: %s', async (_, files) => {
    await expect(read(files)).rejects.toMatchObject({ code: 'ERR_MODEL_UNSUPPORTED' });
  });

  test.each([['<|end|>'], [{ content: '<|end|>' }]])('is not one whose tokenizer.json adds %j', async (eos_token) => {
    const files = { 'tokenizer_config.json': { add_eos_token: true, eos_token }, 'tokenizer.json': withEnd };
    await expect(read(files)).resolves.toMatchObject({ modelType: 'bert' });
  });
});
