"""ModernBERT: windows that matter within the texts, both ways of naming the layers that have them, biases on and off.

With more than 2,048 positions attention is the fused operator."""

BASE = {
    "model_type": "modernbert",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "local_attention": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "cls_token_id": 1,
    "sep_token_id": 2,
}

CONFIGURATIONS = {
    "modernbert-fused": {**BASE, "max_position_embeddings": 4096},
    "modernbert-biases": {
        **BASE,
        "max_position_embeddings": 64,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention", "sliding_attention"],
        "local_attention": 5,
        "attention_bias": True,
        "mlp_bias": True,
        "norm_bias": True,
        "norm_eps": 1e-3,
        "hidden_activation": "silu",
        "rope_parameters": {
            "full_attention": {"rope_type": "default", "rope_theta": 500.0},
            "sliding_attention": {"rope_type": "linear", "rope_theta": 50.0, "factor": 2.0},
        },
    },
}

EARLIER_WORDS = {
    "modernbert-fused": {"global_attn_every_n_layers": 3, "global_rope_theta": 8000.0, "local_rope_theta": 100.0},
}
