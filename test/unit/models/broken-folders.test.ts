/** Folders that cannot be read, each with the error that has to come: its code and what its message must name. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OvembedErrorCode } from '../../../lib/errors.js';
import { readModelFolder } from '../../../lib/models/index.js';
import { DIRECTORY, type Files, failure, MODULES, modelFolder, NETWORK, POOLING, temporaryFolder } from './folders.js';

type Case = [what: string, files: Files, fragments: string[]];

const [TRANSFORMER, POOL, NORMALIZE] = MODULES as [object, object, object];
const withModule = (module: object) => ({ 'modules.json': [TRANSFORMER, POOL, module] });
const withPath = (path: unknown) => ({ 'modules.json': [TRANSFORMER, { ...POOL, path }] });
const ofType = (type: unknown) => ({ 'modules.json': [TRANSFORMER, { ...POOL, type }] });
const pooling = (config: object) => ({ '1_Pooling/config.json': { ...POOLING, ...config } });
const own = (config: object) => ({ 'sentence_bert_config.json': config });
const network = (config: object) => ({ 'config.json': { ...NETWORK, ...config } });
const tokenizer = (config: object) => ({ 'tokenizer_config.json': config });
const model = (config: object) => ({ 'config_sentence_transformers.json': config });

/** A model whose third module is a Dense from 384 to 64 dimensions with these changes. */
const dense = (config: object, files: Files = {}): Files => ({
  ...withModule({ idx: 2, name: '2', path: '2_Dense', type: DENSE }),
  [DENSE_FILE]: { in_features: 384, out_features: 64, bias: true, ...config },
  '2_Dense/model.safetensors': 'weights',
  ...files,
});
/** The same with a LayerNorm after it. */
const layerNorm = (config: object): Files => ({
  ...dense({}),
  'modules.json': [
    ...(dense({})['modules.json'] as object[]),
    { idx: 3, name: '3', path: '3_LayerNorm', type: 'sentence_transformers.models.LayerNorm' },
  ],
  '3_LayerNorm/config.json': config,
  '3_LayerNorm/model.safetensors': 'weights',
});

const DENSE = 'sentence_transformers.models.Dense';
const DENSE_FILE = '2_Dense/config.json';
const PICKLED: Files = { '2_Dense/model.safetensors': null, '2_Dense/pytorch_model.bin': 'pickle' };
const POOLING_FILE = '1_Pooling/config.json';
const OWN_FILE = 'sentence_bert_config.json';
const MODEL_FILE = 'config_sentence_transformers.json';

const INVALID: Case[] = [
  ['modules.json cut off', { 'modules.json': '[{"idx": 0, "na' }, ['modules.json', 'not valid JSON']],
  ['modules.json empty', { 'modules.json': '' }, ['modules.json', 'not valid JSON']],
  ['modules.json without modules', { 'modules.json': [] }, ['modules.json', 'list of modules']],
  ['modules.json an object', { 'modules.json': {} }, ['modules.json', 'list of modules']],
  ['modules.json with a number in the list', { 'modules.json': [7] }, ['entry 0', 'modules.json', 'object', '7']],
  ['modules.json a directory', { 'modules.json': DIRECTORY }, ['modules.json', 'directory']],
  ['modules.json with a byte order mark', { 'modules.json': '\ufeff[]' }, ['modules.json', 'not valid JSON']],
  ['a module without a type', ofType(undefined), ['entry 1', '"type"', 'nothing']],
  ['a module whose type is a number', ofType(3), ['entry 1', '"type"', '3']],
  ['a module without a path', withPath(undefined), ['entry 1', '"path"', 'nothing']],
  ['a path that is no string', withPath(['1_Pooling']), ['entry 1', '"path"', '["1_Pooling"]']],
  ['a path out of the folder', withPath('../../secrets'), ['"path"', '../../secrets']],
  ['a path out and in again', withPath('a/../../b'), ['"path"', 'a/../../b']],
  ['a path out, by backslashes', withPath('..\\..\\secrets'), ['"path"', 'secrets']],
  ['an absolute path', withPath('/etc'), ['"path"', '/etc']],
  ['a path on a drive', withPath('C:\\models'), ['"path"', 'C:']],
  ['a path longer than a name may be', withPath('x'.repeat(5_000)), ['cannot be read', 'ENAMETOOLONG']],
  ['a path with NUL', withPath('1_Pooling\0'), ['"path"', 'u0000']],

  ['no pooling configuration', { [POOLING_FILE]: null }, [POOLING_FILE, 'missing']],
  ['a pooling configuration that is a directory', { [POOLING_FILE]: DIRECTORY }, [POOLING_FILE, 'directory']],
  ['a pooling configuration that is a list', { [POOLING_FILE]: [] }, [POOLING_FILE, 'object', '[]']],
  ['a pooling configuration cut off', { [POOLING_FILE]: '{"word_' }, [POOLING_FILE, 'not valid JSON']],
  ['an unknown pooling mode', pooling({ pooling_mode: 'median' }), [POOLING_FILE, '"pooling_mode"', '"median"', 'cls']],
  ['a pooling mode null', pooling({ pooling_mode: null }), ['"pooling_mode"', 'null', 'lasttoken']],
  ['a pooling mode that is a number', pooling({ pooling_mode: 1 }), ['"pooling_mode"', '1']],
  ['no pooling mode in the list', pooling({ pooling_mode: [] }), ['"pooling_mode"', '[]']],
  [
    'a mode named like a method of objects',
    pooling({ pooling_mode: 'constructor' }),
    ['"pooling_mode"', 'constructor'],
  ],
  ['a pooling flag that is a string', pooling({ pooling_mode_cls_token: 'yes' }), ['pooling_mode_cls_token', '"yes"']],
  ['no width', pooling({ word_embedding_dimension: null }), ['word_embedding_dimension', 'null']],
  ['a negative width', pooling({ word_embedding_dimension: -384 }), ['word_embedding_dimension', '-384']],
  ['a width of 0', pooling({ embedding_dimension: 0 }), ['"embedding_dimension"', '0']],
  ['a broken width', pooling({ word_embedding_dimension: 38.4 }), ['word_embedding_dimension', '38.4']],
  ['a width beyond reason', pooling({ word_embedding_dimension: 1e12 }), ['word_embedding_dimension', '1000000000000']],
  ['an unknown mode among several', pooling({ pooling_mode: ['mean', 'median'] }), ['["mean","median"]', 'lasttoken']],
  ['include_prompt a string', pooling({ include_prompt: 'false' }), ['include_prompt', '"false"']],

  ['a Dense without configuration', { ...dense({}), [DENSE_FILE]: null }, [DENSE_FILE, 'missing']],
  [
    'a Dense without weights',
    dense({}, { '2_Dense/model.safetensors': null }),
    ['2_Dense/model.safetensors', 'missing'],
  ],
  [
    'a Dense in the folder of the network',
    withModule({ ...NORMALIZE, path: '', type: DENSE }),
    ['config.json', 'Dense'],
  ],
  ['a Dense without a size', dense({ out_features: null }), [DENSE_FILE, '"out_features"', 'null']],
  [
    'a Dense of another size than the pooling',
    dense({ in_features: 768 }),
    ['Module 2', 'takes vectors of 768', '384'],
  ],
  ['a Dense after several poolings', { ...dense({}), ...pooling({ pooling_mode: ['cls', 'max'] }) }, ['384', '768']],
  ['a LayerNorm of another size', layerNorm({ dimension: 384 }), ['Module 3', 'takes vectors of 384', 'gives 64']],
  ['an activation null', dense({ activation_function: null }), [DENSE_FILE, '"activation_function"', 'null']],
  ['bias a number', dense({ bias: 1 }), [DENSE_FILE, '"bias"', 'true or false']],

  ['no config.json', { 'config.json': null }, ['config.json is missing', 'model.safetensors']],
  ['config.json a directory', { 'config.json': DIRECTORY }, ['config.json', 'directory']],
  ['config.json a page of HTML', { 'config.json': '<!doctype html>' }, ['config.json', 'not valid JSON']],
  ['config.json not UTF-8', { 'config.json': Buffer.from([0x7b, 0xff, 0x7d]) }, ['config.json', 'not valid JSON']],
  ['config.json null', { 'config.json': 'null' }, ['config.json', 'object', 'null']],
  ['config.json far too large', { 'config.json': ' '.repeat(17 * 1024 * 1024) }, ['config.json', 'bytes']],
  ['model_type a list', network({ model_type: ['bert'] }), ['config.json', '"model_type"', '["bert"]']],
  [
    'negative positions',
    { ...own({}), ...network({ max_position_embeddings: -2 }) },
    ['"max_position_embeddings"', '-2'],
  ],
  ['text for positions', { ...own({}), ...network({ max_position_embeddings: '512' }) }, ['max_position', '"512"']],
  [
    'a deeply nested model_type',
    { 'config.json': `{"model_type": ${'['.repeat(9_000)}${']'.repeat(9_000)}}` },
    ['"model_type"', 'nested too deeply'],
  ],
  ['a negative padding id', network({ pad_token_id: -1 }), ['"pad_token_id"', '-1']],
  ['a padding id beyond 32 bits', network({ pad_token_id: 2 ** 40 }), ['"pad_token_id"', '1099511627776']],
  ['architectures a string', network({ architectures: 'BertModel' }), ['"architectures"', 'a list', '"BertModel"']],

  ['max_seq_length 0', own({ max_seq_length: 0 }), [OWN_FILE, '"max_seq_length"', 'received 0']],
  ['max_seq_length negative', own({ max_seq_length: -1 }), [OWN_FILE, '"max_seq_length"', '-1']],
  ['max_seq_length broken', own({ max_seq_length: 25.6 }), [OWN_FILE, '"max_seq_length"', '25.6']],
  ['max_seq_length a string', own({ max_seq_length: '256' }), [OWN_FILE, '"max_seq_length"', '"256"']],
  ['do_lower_case a number', own({ do_lower_case: 1 }), [OWN_FILE, '"do_lower_case"', 'received 1']],
  ['tokenizer_args a list', own({ tokenizer_args: [1] }), [OWN_FILE, '"tokenizer_args"', 'an object', '[1]']],

  ['no tokenizer.json', { 'tokenizer.json': null }, ['tokenizer.json is missing', 'save_pretrained']],
  ['tokenizer.json a directory', { 'tokenizer.json': DIRECTORY }, ['tokenizer.json', 'no regular file']],
  ['model_max_length negative', { ...own({}), ...tokenizer({ model_max_length: -5 }) }, ['"model_max_length"', '-5']],
  [
    'an unknown padding side',
    tokenizer({ padding_side: 'both' }),
    ['tokenizer_config.json', '"padding_side"', '"both"'],
  ],
  ['truncation in the middle', tokenizer({ truncation_side: 'middle' }), ['"truncation_side"', '"left" or "right"']],

  [
    'a prompt with half a character',
    model({ prompts: { query: 'q\ud83d' } }),
    [MODEL_FILE, 'prompts', 'lone surrogates'],
  ],
  ['prompts a list', model({ prompts: ['query: '] }), [MODEL_FILE, '"prompts"', 'an object', '["query: "]']],
  ['a prompt that is a number', model({ prompts: { query: 1 } }), ['"query"', '"prompts"', MODEL_FILE, 'received 1']],
  ['a default prompt that does not exist', model({ default_prompt_name: 'q' }), [MODEL_FILE, '"q"', 'query, document']],
  ['truncate_dim 0', model({ truncate_dim: 0 }), [MODEL_FILE, '"truncate_dim"', 'received 0']],

  [
    'no weights',
    { 'model.safetensors': null },
    ['model.safetensors', 'openvino/openvino_model.xml', 'onnx/model.onnx'],
  ],
  ['weights that are a directory', { 'model.safetensors': DIRECTORY }, ['None of', 'model.safetensors']],
  ['only half of the OpenVINO IR', { 'openvino/openvino_model.xml': '<net/>' }, ['openvino_model.bin', 'missing']],
];

const UNSUPPORTED: Case[] = [
  [
    'CNN',
    withModule({ ...NORMALIZE, type: 'sentence_transformers.models.CNN' }),
    ['Transformer, Pooling, CNN', 'Supported: [Transformer, Pooling], then any of Dense, LayerNorm, Normalize'],
  ],
  [
    'a router',
    { 'modules.json': [{ ...TRANSFORMER, type: 'sentence_transformers.base.modules.router.Router' }, POOL] },
    ['[Router, Pooling]', 'Supported'],
  ],
  ['a Dense whose weights are pickled', dense({}, PICKLED), ['2_Dense', 'model.safetensors', 'save_pretrained']],
  ['a Dense of token vectors', dense({ module_input_name: 'token_embeddings' }), ['"token_embeddings"', DENSE_FILE]],
  ['a Dense with a residual', dense({ use_residual: true }), ['"use_residual"', 'false']],
  ['an unknown key in Dense', dense({ dropout: 0.1 }), ['"dropout"', 'in_features']],
  ['an unknown activation', dense({ activation_function: 'torch.nn.Mish' }), ['"torch.nn.Mish"', 'torch.nn.Tanh']],
  ['an activation of another package', dense({ activation_function: 'my.ReLU' }), ['"my.ReLU"', 'torch.nn.ReLU']],
  ['an unknown key in LayerNorm', layerNorm({ dimension: 384, eps: 1e-12 }), ['"eps"', '3_LayerNorm/config.json']],
  ['a module of another package', ofType('my_model.Pooling'), ['"my_model.Pooling"', 'Supported']],
  [
    'a module with a prefix that only looks right',
    ofType('sentence_transformersX.Pooling'),
    ['sentence_transformersX'],
  ],
  ['modules in another order', { 'modules.json': [TRANSFORMER, NORMALIZE, POOL] }, ['Transformer, Normalize, Pooling']],
  ['no Pooling', { 'modules.json': [TRANSFORMER] }, ['[Transformer]', 'Supported']],
  ['an unknown key in Pooling', pooling({ pooling_temperature: 2 }), ['"pooling_temperature"', 'pooling_mode']],
  [
    'Normalize of token vectors',
    { '2_Normalize/config.json': { module_input_name: 'token_embeddings' } },
    ['token_embeddings'],
  ],
  ['an unknown key in Transformer', own({ pooling: 'cls' }), ['"pooling"', OWN_FILE]],
  ['another task', own({ transformer_task: 'fill-mask' }), ['"transformer_task"', '"fill-mask"', 'feature-extraction']],
  ['another output', own({ module_output_name: 'scores' }), ['"module_output_name"', '"scores"']],
  [
    'another output of the network',
    own({ modality_config: { text: { method_output_name: 'pooler_output' } } }),
    ['pooler_output'],
  ],
  ['images only', own({ modality_config: { image: {} } }), ['"modality_config"', 'text']],
  ['query expansion', own({ query_expansion: { length: 32 } }), ['"query_expansion"']],
  ['a length for queries only', own({ query_length: 32 }), ['"query_length"', '32']],
  ['changes to the network', own({ config_args: { is_decoder: true } }), ['"is_decoder"', 'config_args']],
  [
    'changes to the tokenizer',
    own({ tokenizer_args: { add_prefix_space: true } }),
    ['"add_prefix_space"', 'tokenizer_args'],
  ],
  [
    'a sparse model',
    model({ model_type: 'SparseEncoder' }),
    ['"model_type"', '"SparseEncoder"', 'SentenceTransformer'],
  ],
  [
    'a network without a builder',
    network({ model_type: 'xlnet' }),
    ['"model_type": "xlnet"', 'bert', 'OpenVINO or ONNX'],
  ],
  ['no model type', network({ model_type: null }), ['"model_type": null', 'bert']],
];

async function expectFailure(files: Files, code: OvembedErrorCode, fragments: string[]): Promise<void> {
  const error = await failure(readModelFolder(modelFolder(files)));
  expect(error.code).toBe(code);
  for (const fragment of fragments) expect(error.message).toContain(fragment);
}

describe('ERR_MODEL_INVALID', () => {
  test.each(INVALID)('%s', (_, files, fragments) => expectFailure(files, 'ERR_MODEL_INVALID', fragments));
});

describe('ERR_MODEL_UNSUPPORTED', () => {
  test.each(UNSUPPORTED)('%s', (_, files, fragments) => expectFailure(files, 'ERR_MODEL_UNSUPPORTED', fragments));
});

describe('ERR_MODEL_NOT_FOUND', () => {
  test.each([
    ['a folder that is not there', 'missing'],
    ['a file in place of a folder', 'config.json'],
    ['a folder below a file', join('config.json', 'below')],
  ])('%s', async (_, name) => {
    const error = await failure(readModelFolder(join(modelFolder(), name)));
    expect(error.code).toBe('ERR_MODEL_NOT_FOUND');
    expect(error.message).toContain(name);
  });
});

test('an empty folder is told what a model folder holds', async () => {
  const error = await failure(readModelFolder(temporaryFolder()));
  expect(error.code).toBe('ERR_MODEL_INVALID');
  expect(error.message).toContain('A model folder holds config.json, tokenizer.json and weights');
});
