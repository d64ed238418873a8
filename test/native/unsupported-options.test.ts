/** Options of config.json that a graph does not reproduce are refused by name, and wrong values are errors, not crashes. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { type ArchitectureFixture, writeArchitectureModel } from '../../scripts/models/architecture-model.mjs';
import { fixture, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const UNSUPPORTED = 'ERR_MODEL_UNSUPPORTED';
const INVALID = 'ERR_MODEL_INVALID';

test.each([
  ['modernbert-fused', { hidden_activation: 'mish' }, UNSUPPORTED, 'mish'],
  ['modernbert-biases', { layer_types: ['full_attention'] }, INVALID, 'layer_types'],
  ['modernbert-biases', { layer_types: ['chunked_attention'] }, UNSUPPORTED, 'chunked_attention'],
  ['modernbert-fused', { max_position_embeddings: 2 ** 31 - 1 }, UNSUPPORTED, '2147483647'],
  ['modernbert-fused', { global_rope_theta: 0 }, INVALID, 'base'],
  ['modernbert-fused', { num_attention_heads: 32 }, INVALID, 'even width'],
  ['nomic_bert-published', { prenorm: true }, UNSUPPORTED, 'prenorm'],
  ['nomic_bert-published', { moe_every_n_layers: 2, num_experts: 8 }, UNSUPPORTED, 'moe_every_n_layers'],
  ['nomic_bert-published', { rotary_emb_interleaved: true }, UNSUPPORTED, 'rotary_emb_interleaved'],
  ['nomic_bert-published', { rotary_emb_scale_base: 512 }, UNSUPPORTED, 'rotary_emb_scale_base'],
  ['nomic_bert-published', { rotary_emb_fraction: 0 }, UNSUPPORTED, 'rotary_emb_fraction'],
  ['nomic_bert-published', { activation_function: 'glu' }, UNSUPPORTED, 'glu'],
  ['nomic_bert', { head_dim: 16 }, UNSUPPORTED, 'head_dim'],
  ['gte', { rope_parameters: { rope_type: 'yarn', factor: 2 } }, UNSUPPORTED, 'yarn'],
  ['new-ntk-fused', { rope_scaling: { type: 'ntk', factor: 0 } }, INVALID, 'factor'],
  ['new-ntk-fused', { layer_norm_type: 'group_norm' }, UNSUPPORTED, 'group_norm'],
  ['new-ntk-fused', { position_embedding_type: 'alibi' }, UNSUPPORTED, 'alibi'],
  ['qwen3-fused', { num_key_value_heads: 3 }, INVALID, 'num_key_value_heads'],
  ['qwen3-fused', { head_dim: 8 }, INVALID, 'q_proj'],
  ['qwen3-fused', { rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }, UNSUPPORTED, 'partial'],
  ['qwen3-windows', { is_causal: false }, UNSUPPORTED, 'sliding_attention'],
  ['qwen3-fused', { head_dim: 2 ** 31 - 2 }, INVALID, '65536'],
  ['gemma3-fused', { num_hidden_layers: 2 ** 31 - 1, layer_types: null }, INVALID, 'layers'],
  ['new-logn', { max_position_embeddings: 2 ** 31 - 1 }, INVALID, 'position_embeddings'],
  ['bert-gelu', { position_embedding_type: 'relative_key' }, UNSUPPORTED, 'relative_key'],
  ['gemma3-fused', { attn_logit_softcapping: 50 }, UNSUPPORTED, 'attn_logit_softcapping'],
] as const)('%s with %j', async (name, changes, code, part) => {
  const model = fixture<ArchitectureFixture>(`architectures/${name}.json`);
  const path = join(folder, `${name}-${Object.keys(changes)[0]}`);
  writeArchitectureModel({ ...model, config: { ...model.config, ...changes } }, path);
  const loading = Embedder.load(path, { precision: 'f32', cacheDir: folder });
  await expect(loading).rejects.toMatchObject({ code, message: expect.stringContaining(part) });
});
