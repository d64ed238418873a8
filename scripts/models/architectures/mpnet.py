"""MPNet. Distances of up to 39 tokens reach 13 of the 16 buckets of each side; the larger table has rows unused."""

BASE = {
    "model_type": "mpnet",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
    "layer_norm_eps": 1e-5,
}

CONFIGURATIONS = {
    "mpnet": BASE,
    "mpnet-relu": {**BASE, "hidden_act": "relu", "num_attention_heads": 2, "relative_attention_num_buckets": 40},
}
