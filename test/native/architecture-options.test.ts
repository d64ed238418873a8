/** Options and tensors of config.json and weights that the builders do not reproduce are refused by name. */
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
  ['jina-bert', { num_attention_heads: 5 }, 'INVALID', '5 attention heads'],
  ['t5-relu', { is_decoder: true }, 'UNSUPPORTED', 'is_decoder'],
  ['t5-gated-gelu', { feed_forward_proj: 'gated-mish' }, 'UNSUPPORTED', "'mish'"],
  ['t5-relu', { relative_attention_num_buckets: 3 }, 'INVALID', 'relative_attention_num_buckets 3'],
  ['t5-relu', { relative_attention_max_distance: 3 }, 'INVALID', 'relative_attention_max_distance 3'],
  // Its second layer has a bias of its own, which T5 would leave out.
  ['umt5', { model_type: 't5' }, 'UNSUPPORTED', 'encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight'],
];

test.each(CASES)('%s with %o', async (name, change, code, part) => {
  const model = fixture<ArchitectureFixture>(`architectures/${name}.json`);
  writeArchitectureModel({ ...model, config: { ...model.config, ...change } }, join(folder, name));
  const loading = Embedder.load(join(folder, name), { precision: 'f32', cacheDir: folder });
  await expect(loading).rejects.toMatchObject({
    code: `ERR_MODEL_${code}`,
    message: expect.stringContaining(part),
  });
});
