"""DeBERTa v2 and v3: the configuration of the published v3 models, that of v2-xlarge with its convolution, and others.

Distances of the texts reach beyond the exact buckets, the logarithmic ones and the farthest.
"""

BASE = {
    "model_type": "deberta-v2",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "relative_attention": True,
    "pos_att_type": "p2c|c2p",
    "position_biased_input": False,
}

CONFIGURATIONS = {
    "deberta-v3": {
        **BASE,
        "position_buckets": 8,
        "max_relative_positions": 32,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
    },
    "deberta-v2-conv": {
        **BASE,
        "position_buckets": 12,
        "max_relative_positions": -1,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "conv_kernel_size": 3,
        "conv_act": "gelu",
        "attention_head_size": 8,
        "layer_norm_eps": 1e-3,
    },
    "deberta-v2-own-keys": {
        **BASE,
        "max_relative_positions": 16,
        "pos_att_type": ["c2p", "p2c"],
        "position_biased_input": True,
        "type_vocab_size": 2,
        "embedding_size": 24,
        "hidden_act": "relu",
    },
    "deberta-v2-c2p": {**BASE, "position_buckets": 8, "max_relative_positions": 16, "pos_att_type": ["c2p"]},
    "deberta-v2-p2c": {**BASE, "position_buckets": 9, "max_relative_positions": 24, "pos_att_type": "p2c"},
    "deberta-v2-absolute": {**BASE, "relative_attention": False, "position_biased_input": True},
}
