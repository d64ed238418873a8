"""Gemma 3: both ways as EmbeddingGemma, and causal; windows that matter within the texts; two rotary bases.

With more than 2,048 positions attention is the fused operator."""

BASE = {
    "model_type": "gemma3_text",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "intermediate_size": 48,
    "query_pre_attn_scalar": 24,
}

CONFIGURATIONS = {
    "gemma3-both-ways": {
        **BASE,
        "max_position_embeddings": 64,
        "use_bidirectional_attention": True,
        "sliding_window": 7,
        "sliding_window_pattern": 3,
    },
    "gemma3-fused": {
        **BASE,
        "max_position_embeddings": 4096,
        "use_bidirectional_attention": True,
        "sliding_window": 8,
        "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
    },
    "gemma3-causal": {
        **BASE,
        "max_position_embeddings": 64,
        "num_key_value_heads": 2,
        "sliding_window": 6,
        "layer_types": ["full_attention", "sliding_attention", "sliding_attention", "full_attention"],
        "attention_bias": True,
        "hidden_activation": "silu",
        "rms_norm_eps": 1e-3,
        "rope_parameters": {
            "full_attention": {"rope_type": "linear", "rope_theta": 5000.0, "factor": 8.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
        },
    },
}

EARLIER_WORDS = {
    "gemma3-both-ways": {
        "sliding_window_pattern": 3,
        "rope_theta": 5000.0,
        "rope_local_base_freq": 50.0,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    },
}
