"""ALBERT: one group of layers for all steps, as published, and two groups of two layers each for three steps."""

BASE = {
    "model_type": "albert",
    "vocab_size": 320,
    "embedding_size": 16,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}

CONFIGURATIONS = {
    "albert": BASE,
    "albert-groups": {**BASE, "num_hidden_groups": 2, "inner_group_num": 2, "hidden_act": "gelu", "embedding_size": 32},
}
