/**
 * Model folders that are damaged, incomplete or foreign: a typed error that names the file, never a crash and never a
 * vector. What reading the folder alone can tell is in test/unit/models/broken-folders.test.ts.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Embedder, OvembedError } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from './support.js';

const folder = temporaryFolder();
const sound = join(folder, 'sound');
writeTinyModel(tinyModels.mean, sound);

/** A copy of the sound model that `damage` has been at. */
function damaged(damage: (model: string) => void): string {
  const model = join(folder, 'damaged');
  rmSync(model, { recursive: true, force: true });
  cpSync(sound, model, { recursive: true });
  damage(model);
  return model;
}

async function problem(model: string): Promise<OvembedError> {
  try {
    await using embedder = await Embedder.load(model, { precision: 'f32', cacheDir: join(folder, 'cache') });
    await embedder.embed(['the river', 'x'.repeat(50)]);
  } catch (error) {
    return error as OvembedError;
  }
  throw new Error('the damaged model was loaded and gave vectors');
}

type Json = Record<string, unknown>;
const edit = (file: string, change: (json: Json) => void) => (model: string) => {
  const json = JSON.parse(readFileSync(join(model, file), 'utf8')) as Json;
  change(json);
  writeFileSync(join(model, file), JSON.stringify(json));
};
const write = (file: string, content: string | Uint8Array) => (model: string) => {
  mkdirSync(join(model, file, '..'), { recursive: true });
  writeFileSync(join(model, file), content);
};
const cut = (file: string, bytes: number) => (model: string) => truncateSync(join(model, file), bytes);

/** A safetensors file whose header is this JSON text. */
function safetensors(header: string, data = new Uint8Array()): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
}
const weights = 'model.safetensors';
const headerLength = Number(readFileSync(join(sound, weights)).readBigUInt64LE());
const size = readFileSync(join(sound, weights)).length;

/** The weights with one tensor's header entry changed. */
const tensor = (name: string, change: (entry: Json, all: Json) => void) => (model: string) => {
  const file = readFileSync(join(model, weights));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<string, Json>;
  change(header[name] as Json, header);
  writeFileSync(join(model, weights), safetensors(JSON.stringify(header), file.subarray(8 + headerLength)));
};
const words = 'embeddings.word_embeddings.weight';
const config = (change: Json) => edit('config.json', (json) => Object.assign(json, change));
const tokenizer = (change: (json: Json & { model: Json }) => void) =>
  edit('tokenizer.json', (json) => change(json as Json & { model: Json }));
/** In place of the safetensors. */
const instead = (file: string, content: string | Uint8Array) => (model: string) => {
  rmSync(join(model, weights));
  write(file, content)(model);
};

const INVALID = 'ERR_MODEL_INVALID';
const UNSUPPORTED = 'ERR_MODEL_UNSUPPORTED';
const cases: [what: string, damage: (model: string) => void, code: string, message: string | RegExp][] = [
  ['weights: empty', write(weights, ''), INVALID, weights],
  ['weights: 4 bytes', cut(weights, 4), INVALID, weights],
  ['weights: 8 bytes', cut(weights, 8), INVALID, weights],
  ['weights: cut inside the header', cut(weights, 100), INVALID, weights],
  ['weights: cut after the header', cut(weights, 8 + headerLength), INVALID, weights],
  ['weights: the last byte is missing', cut(weights, size - 1), INVALID, weights],
  ['weights: half', cut(weights, size >> 1), INVALID, weights],
  [
    'weights: a byte too many',
    (model) => write(weights, Buffer.concat([readFileSync(join(model, weights)), Buffer.of(0)]))(model),
    INVALID,
    weights,
  ],
  ['weights: text', write(weights, 'version https://git-lfs.github.com/spec/v1'), INVALID, weights],
  ['weights: zeros', write(weights, Buffer.alloc(4096)), INVALID, weights],
  ['weights: a header of 2^63 bytes', write(weights, Buffer.from('ffffffffffffff7f7b7d', 'hex')), INVALID, weights],
  ['weights: no JSON header', write(weights, safetensors('{')), INVALID, weights],
  ['weights: a header that is an array', write(weights, safetensors('[]')), INVALID, weights],
  ['weights: a deeply nested header', write(weights, safetensors('['.repeat(100_000))), INVALID, weights],
  ['weights: no tensors', write(weights, safetensors('{}')), INVALID, words],
  [
    'weights: another model',
    write(weights, safetensors('{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', new Uint8Array(4))),
    INVALID,
    words,
  ],
  ['tensor: unknown dtype', tensor(words, (entry) => (entry.dtype = 'F31')), INVALID, weights],
  ['tensor: dtype of another size', tensor(words, (entry) => (entry.dtype = 'F64')), INVALID, weights],
  ['tensor: integers of the same size', tensor(words, (entry) => (entry.dtype = 'I32')), UNSUPPORTED, 'I32'],
  ['tensor: negative shape', tensor(words, (entry) => (entry.shape = [-1, 32])), INVALID, weights],
  ['tensor: shape that overflows', tensor(words, (entry) => (entry.shape = [2 ** 40, 2 ** 40])), INVALID, weights],
  [
    'tensor: transposed shape',
    tensor(words, (entry) => (entry.shape = (entry.shape as number[]).toReversed())),
    INVALID,
    'word_embeddings',
  ],
  ['tensor: offsets past the end', tensor(words, (entry) => (entry.data_offsets = [0, 2 ** 40])), INVALID, weights],
  ['tensor: offsets reversed', tensor(words, (entry) => (entry.data_offsets as number[]).reverse()), INVALID, weights],
  ['tensor: offsets negative', tensor(words, (entry) => (entry.data_offsets = [-4, 0])), INVALID, weights],
  [
    'tensor: renamed',
    tensor(words, (entry, all) => {
      delete all[words];
      all['embeddings.words'] = entry;
    }),
    INVALID,
    words,
  ],
  ['tensor: a layer is missing', config({ num_hidden_layers: 5 }), INVALID, 'encoder.layer.2'],
  ['config: other hidden_size', config({ hidden_size: 64 }), INVALID, 'shape'],
  ['config: other vocab_size', config({ vocab_size: 7 }), INVALID, 'shape'],
  ['config: other intermediate_size', config({ intermediate_size: 65 }), INVALID, 'shape'],
  ['config: heads that do not divide', config({ num_attention_heads: 5 }), INVALID, 'num_attention_heads'],
  ['config: no heads', config({ num_attention_heads: 0 }), INVALID, 'num_attention_heads'],
  ['config: negative size', config({ hidden_size: -32 }), INVALID, 'hidden_size'],
  ['config: size as text', config({ hidden_size: '32' }), INVALID, 'hidden_size'],
  ['config: fractional size', config({ intermediate_size: 64.5 }), INVALID, 'intermediate_size'],
  ['config: 2^31 layers', config({ num_hidden_layers: 2 ** 31 - 1 }), INVALID, 'encoder.layer.2'],
  ['config: more than 2^31', config({ num_hidden_layers: 2 ** 31 }), INVALID, 'num_hidden_layers'],
  ['config: epsilon as text', config({ layer_norm_eps: 'small' }), INVALID, 'layer_norm_eps'],
  ['config: unknown activation', config({ hidden_act: 'gelu_from_the_future' }), UNSUPPORTED, 'gelu_from_the_future'],
  ['config: relative positions', config({ position_embedding_type: 'relative_key' }), UNSUPPORTED, 'relative_key'],
  ['config: a decoder', config({ is_decoder: true }), UNSUPPORTED, 'is_decoder'],
  ['config: other positions', config({ max_position_embeddings: 63 }), INVALID, 'position_embeddings'],
  ['config: unknown model_type', config({ model_type: 'llama' }), UNSUPPORTED, 'llama'],
  ['tokenizer: empty', write('tokenizer.json', ''), INVALID, 'tokenizer.json'],
  ['tokenizer: no JSON', write('tokenizer.json', '<html>'), INVALID, 'tokenizer.json'],
  ['tokenizer: empty object', write('tokenizer.json', '{}'), INVALID, 'tokenizer.json'],
  ['tokenizer: an array', write('tokenizer.json', '[]'), INVALID, 'tokenizer.json'],
  ['tokenizer: cut', cut('tokenizer.json', 1_000), INVALID, 'tokenizer.json'],
  ['tokenizer: deeply nested', write('tokenizer.json', '['.repeat(200_000)), INVALID, 'tokenizer.json'],
  ['tokenizer: unknown kind of model', tokenizer(({ model }) => (model.type = 'Magic')), INVALID, 'tokenizer.json'],
  ['tokenizer: no vocabulary', tokenizer(({ model }) => delete model.vocab), INVALID, 'tokenizer.json'],
  ['tokenizer: negative ids', tokenizer(({ model }) => (model.vocab = { '[UNK]': -1 })), INVALID, 'tokenizer.json'],
  [
    'tokenizer: unknown normalizer',
    tokenizer((json) => (json.normalizer = { type: 'Magic' })),
    INVALID,
    'tokenizer.json',
  ],
  [
    'tokenizer: of another model',
    tokenizer(({ model }) => {
      const words = Object.entries(model.vocab as Record<string, number>);
      model.vocab = Object.fromEntries(words.map(([word, id]) => [word, id + 100_000]));
    }),
    INVALID,
    'vocabulary',
  ],
  ['ONNX: empty', instead('onnx/model.onnx', ''), INVALID, 'model.onnx'],
  ['ONNX: text', instead('onnx/model.onnx', 'not a protobuf'), INVALID, 'model.onnx'],
  [
    'ONNX: random bytes',
    instead('onnx/model.onnx', Buffer.from(Array.from({ length: 4_096 }, (_, i) => (i * 7919) % 251))),
    INVALID,
    'model.onnx',
  ],
  ['IR: .xml without .bin', instead('openvino_model.xml', '<net/>'), INVALID, /openvino_model/],
  [
    'IR: no XML',
    (model) => {
      instead('openvino_model.xml', 'no xml')(model);
      write('openvino_model.bin', 'x')(model);
    },
    INVALID,
    'openvino_model.xml',
  ],
  [
    'IR: an empty net',
    (model) => {
      instead('openvino_model.xml', '<?xml version="1.0"?><net name="m" version="11"><layers/><edges/></net>')(model);
      write('openvino_model.bin', 'x')(model);
    },
    /ERR_MODEL_(INVALID|UNSUPPORTED)/ as never,
    /./,
  ],
];

test('the model is sound before it is damaged', async () => {
  await using embedder = await Embedder.load(sound, { precision: 'f32', cacheDir: join(folder, 'cache') });
  expect((await embedder.embed(['the river'])).length).toBe(1);
});

test('there are enough cases', () => expect(cases.length).toBeGreaterThanOrEqual(50));

test.each(cases)('%s', async (_, damage, code, message) => {
  const error = await problem(damaged(damage));
  expect(error).toBeInstanceOf(OvembedError);
  expect(error.code).toMatch(code);
  expect(error.message).toMatch(message);
});

describe('bytes flipped at random', () => {
  /** A linear congruential generator, so that a failure can be repeated. */
  let state = 20_261_123;
  const random = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % limit;
  };
  const rounds = process.env.OVEMBED_TEST_FULL === '1' ? 500 : 50;

  test.each([weights, 'config.json', 'tokenizer.json'])(
    `${rounds} times in %s: an error with a code, or a model`,
    async (file) => {
      for (let round = 0; round < rounds; round++) {
        const model = damaged((copy) => {
          const bytes = readFileSync(join(copy, file));
          // Of the weights the header: a changed weight is a changed model, which is no error.
          const reach = file === weights ? 8 + headerLength : bytes.length;
          for (let flips = 1 + random(4); flips > 0; flips--) {
            const at = random(reach);
            bytes[at] = (bytes[at] as number) ^ (1 << random(8));
          }
          writeFileSync(join(copy, file), bytes);
        });
        const error = await problem(model).catch(() => undefined);
        if (error) expect(error, `round ${round}: ${error}`).toBeInstanceOf(OvembedError);
      }
    },
  );
});
