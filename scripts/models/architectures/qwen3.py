"""Qwen3: grouped heads of a width of their own, with and without biases and windows, both operators of attention."""

BASE = {
    "model_type": "qwen3",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 48,
    "tie_word_embeddings": True,
}

CONFIGURATIONS = {
    "qwen3-fused": {
        **BASE,
        "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    },
    "qwen3-windows": {
        **BASE,
        "max_position_embeddings": 64,
        "num_key_value_heads": 1,
        "attention_bias": True,
        "hidden_act": "gelu",
        "rms_norm_eps": 1e-3,
        "use_sliding_window": True,
        "sliding_window": 6,
        "max_window_layers": 1,
        "rope_parameters": {"rope_type": "dynamic", "rope_theta": 100.0, "factor": 4.0},
    },
}

EARLIER_WORDS = {
    "qwen3-windows": {"rope_theta": 100.0, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0}},
}
