/** A BERT encoder with random weights: its config.json and its tensors, named and shaped as transformers saves them. */
import { uniform } from './random.mjs';
import { vocabularySize } from './tiny-tokenizer.mjs';

/** Bits of the significand, the implicit one counted. */
export const SIGNIFICAND_BITS = { F32: 24, F16: 11, BF16: 8 };
const DTYPE_NAMES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * @typedef {object} BertShape
 * @property {string} weights  seed: models with the same seed, shape and dtype share their weights
 * @property {'F32' | 'F16' | 'BF16'} dtype
 * @property {number} hidden
 * @property {number} layers
 * @property {number} heads
 * @property {number} intermediate
 * @property {'gelu' | 'gelu_new' | 'relu'} activation
 * @property {number} epsilon  of every LayerNorm
 * @property {number} positions
 * @property {string} prefix  of every tensor name: '' as BertModel saves, 'bert.' as its task heads do
 * @property {boolean} pooler  whether the (unused) pooler's weights are there
 * @property {number} [vocabulary]  pieces, where the tokenizer is another than the tiny one
 * @property {boolean} positionIds  whether the position_ids buffer of old checkpoints is there
 */

/** @param {BertShape} shape */
export function bertConfig(shape) {
  return {
    architectures: ['BertModel'],
    model_type: 'bert',
    vocab_size: shape.vocabulary ?? vocabularySize,
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: shape.intermediate,
    hidden_act: shape.activation,
    layer_norm_eps: shape.epsilon,
    max_position_embeddings: shape.positions,
    type_vocab_size: 2,
    position_embedding_type: 'absolute',
    pad_token_id: 0,
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    initializer_range: 0.02,
    dtype: DTYPE_NAMES[shape.dtype],
  };
}

/** @param {BertShape} shape */
export function bertTensors(shape) {
  const { hidden, intermediate, dtype } = shape;
  const tensors = [];
  const add = (name, dimensions, scale) => {
    const count = dimensions.reduce((product, size) => product * size, 1);
    const values = uniform(`${shape.weights}/${name}`, count, scale, SIGNIFICAND_BITS[dtype]);
    tensors.push({ name: shape.prefix + name, dtype, shape: dimensions, values });
  };
  const linear = (name, inputs, outputs) => {
    add(`${name}.weight`, [outputs, inputs], linearScale(inputs));
    add(`${name}.bias`, [outputs], 0.25);
  };
  const layerNorm = (name) => {
    add(`${name}.weight`, [hidden], 2);
    add(`${name}.bias`, [hidden], 0.5);
  };

  add('embeddings.word_embeddings.weight', [shape.vocabulary ?? vocabularySize, hidden], 1);
  add('embeddings.position_embeddings.weight', [shape.positions, hidden], 0.5);
  add('embeddings.token_type_embeddings.weight', [2, hidden], 0.5);
  layerNorm('embeddings.LayerNorm');
  if (shape.positionIds) tensors.push(positionIds(shape));
  for (let layer = 0; layer < shape.layers; layer++) {
    const block = `encoder.layer.${layer}`;
    for (const part of ['query', 'key', 'value']) linear(`${block}.attention.self.${part}`, hidden, hidden);
    linear(`${block}.attention.output.dense`, hidden, hidden);
    layerNorm(`${block}.attention.output.LayerNorm`);
    linear(`${block}.intermediate.dense`, hidden, intermediate);
    linear(`${block}.output.dense`, intermediate, hidden);
    layerNorm(`${block}.output.LayerNorm`);
  }
  if (shape.pooler) linear('pooler.dense', hidden, hidden);
  return tensors;
}

/** The power of two next to √(6 / inputs): outputs about as large as inputs, so that attention is not uniform. */
export function linearScale(inputs) {
  return 2 ** Math.round(Math.log2(Math.sqrt(6 / inputs)));
}

function positionIds({ prefix, positions }) {
  const values = Array.from({ length: positions }, (_, position) => position);
  return { name: `${prefix}embeddings.position_ids`, dtype: 'I64', shape: [1, positions], values };
}
