/**
 * Options of config.json and tensors that the builders do not reproduce are refused by name, and wrong values are errors,
 * not crashes.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { type ArchitectureFixture, writeArchitectureModel } from '../../scripts/models/architecture-model.mjs';
import { fixture, temporaryFolder } from './support.js';

const folder = temporaryFolder();

const JINA_V3 = 'jinaai/xlm-roberta-flash-implementation--modeling_lora.XLMRobertaLoRA';

type Case = [model: string, change: Record<string, unknown>, code: 'INVALID' | 'UNSUPPORTED', part: string];

const CASES: Case[] = [
  ['bert-gelu', { auto_map: { AutoModel: JINA_V3 } }, 'UNSUPPORTED', JINA_V3],
  ['bert-gelu', { position_embedding_type: 'rotary' }, 'UNSUPPORTED', "position_embedding_type 'rotary'"],
  ['bert-gelu', { position_embedding_type: 'relative_key' }, 'UNSUPPORTED', 'relative_key'],
  ['deberta-v3', { pos_att_type: 'c2p|p2p' }, 'UNSUPPORTED', "pos_att_type 'p2p'"],
  ['deberta-v3', { norm_rel_ebd: 'batch_norm' }, 'UNSUPPORTED', "norm_rel_ebd 'batch_norm'"],
  ['deberta-v3', { position_buckets: 1 }, 'INVALID', 'position_buckets 1'],
  ['deberta-v3', { max_relative_positions: 5 }, 'INVALID', 'max_relative_positions 5'],
  ['deberta-v3', { max_relative_positions: 65537 }, 'UNSUPPORTED', 'max_relative_positions 65537'],
  ['deberta-v2-conv', { conv_kernel_size: 4 }, 'UNSUPPORTED', 'conv_kernel_size 4'],
  ['deberta-v2-conv', { conv_groups: 2 }, 'UNSUPPORTED', 'conv_groups'],
  ['deberta-v2-conv', { attention_head_size: 16 }, 'UNSUPPORTED', 'attention_head_size'],
  ['jina-bert', { position_embedding_type: 'absolute' }, 'UNSUPPORTED', 'position_embedding_type'],
  ['jina-bert', { feed_forward_type: 'swiglu' }, 'UNSUPPORTED', "feed_forward_type 'swiglu'"],
  ['jina-bert-post-norm', { feed_forward_type: 'original' }, 'UNSUPPORTED', "feed_forward_type 'original'"],
  ['jina-bert', { num_attention_heads: 5 }, 'INVALID', 'no multiple of num_attention_heads 5'],
  ['modernbert-fused', { hidden_activation: 'mish' }, 'UNSUPPORTED', 'mish'],
  ['modernbert-biases', { layer_types: ['full_attention'] }, 'INVALID', 'layer_types'],
  ['modernbert-biases', { layer_types: ['chunked_attention'] }, 'UNSUPPORTED', 'chunked_attention'],
  ['modernbert-fused', { max_position_embeddings: 2 ** 31 - 1 }, 'UNSUPPORTED', '2147483647'],
  ['modernbert-fused', { global_rope_theta: 0 }, 'INVALID', 'base'],
  ['modernbert-fused', { num_attention_heads: 32 }, 'INVALID', 'even width'],
  ['nomic_bert-published', { prenorm: true }, 'UNSUPPORTED', 'prenorm'],
  ['nomic_bert-published', { moe_every_n_layers: 2, num_experts: 8 }, 'UNSUPPORTED', 'moe_every_n_layers'],
  ['nomic_bert-published', { rotary_emb_interleaved: true }, 'UNSUPPORTED', 'rotary_emb_interleaved'],
  ['nomic_bert-published', { rotary_emb_scale_base: 512 }, 'UNSUPPORTED', 'rotary_emb_scale_base'],
  ['nomic_bert-published', { rotary_emb_fraction: 0 }, 'UNSUPPORTED', 'rotary_emb_fraction'],
  ['nomic_bert-published', { activation_function: 'glu' }, 'UNSUPPORTED', 'glu'],
  ['nomic_bert', { head_dim: 16 }, 'UNSUPPORTED', 'head_dim'],
  ['nomic_bert', { num_attention_heads: 1000 }, 'INVALID', 'no multiple of num_attention_heads 1000'],
  ['nomic_bert-published', { n_head: 5 }, 'INVALID', 'no multiple of n_head 5'],
  ['gte', { rope_parameters: { rope_type: 'yarn', factor: 2 } }, 'UNSUPPORTED', 'yarn'],
  ['new-ntk-fused', { rope_scaling: { type: 'ntk', factor: 0 } }, 'INVALID', 'factor'],
  ['new-ntk-fused', { layer_norm_type: 'group_norm' }, 'UNSUPPORTED', 'group_norm'],
  ['new-ntk-fused', { position_embedding_type: 'alibi' }, 'UNSUPPORTED', 'alibi'],
  ['new-logn', { max_position_embeddings: 2 ** 31 - 1 }, 'INVALID', 'position_embeddings'],
  ['qwen3-fused', { num_key_value_heads: 3 }, 'INVALID', 'num_key_value_heads'],
  ['qwen3-fused', { head_dim: 8 }, 'INVALID', 'q_proj'],
  ['qwen3-fused', { rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }, 'UNSUPPORTED', 'partial'],
  ['qwen3-windows', { is_causal: false }, 'UNSUPPORTED', 'sliding_attention'],
  ['qwen3-fused', { head_dim: 2 ** 31 - 2 }, 'INVALID', '65536'],
  ['gemma3-fused', { num_hidden_layers: 2 ** 31 - 1, layer_types: null }, 'INVALID', 'layers'],
  ['gemma3-fused', { attn_logit_softcapping: 50 }, 'UNSUPPORTED', 'attn_logit_softcapping'],
  ['t5-relu', { is_decoder: true }, 'UNSUPPORTED', 'is_decoder'],
  ['t5-gated-gelu', { feed_forward_proj: 'gated-mish' }, 'UNSUPPORTED', "'mish'"],
  ['t5-relu', { relative_attention_num_buckets: 3 }, 'INVALID', 'relative_attention_num_buckets 3'],
  ['t5-relu', { relative_attention_max_distance: 3 }, 'INVALID', 'relative_attention_max_distance 3'],
  // Its second layer has a bias of its own, which T5 would leave out.
  ['umt5', { model_type: 't5' }, 'UNSUPPORTED', 'encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight'],
];

test.each(CASES)('%s with %j', async (name, change, code, part) => {
  const model = fixture<ArchitectureFixture>(`architectures/${name}.json`);
  const path = join(folder, name);
  writeArchitectureModel({ ...model, config: { ...model.config, ...change } }, path);
  const loading = Embedder.load(path, { precision: 'f32', cacheDir: folder });
  await expect(loading).rejects.toMatchObject({
    code: `ERR_MODEL_${code}`,
    message: expect.stringContaining(part),
  });
});
