"""Qwen2: causal, and seeing both ways as the gte-Qwen2 models do."""

BASE = {
    "model_type": "qwen2",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
}

CONFIGURATIONS = {
    "qwen2-causal": {**BASE, "rope_parameters": {"rope_type": "linear", "rope_theta": 1000.0, "factor": 2.0}},
    "qwen2-both-ways": {**BASE, "is_causal": False, "max_position_embeddings": 4096, "num_key_value_heads": 4},
}

EARLIER_WORDS = {
    "qwen2-causal": {"rope_theta": 1000.0, "rope_scaling": {"type": "linear", "factor": 2.0}},
}
