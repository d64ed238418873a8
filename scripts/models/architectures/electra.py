"""ELECTRA: with embeddings narrower than the layers, as the small one, and of the same width, as base and large."""

BASE = {
    "model_type": "electra",
    "vocab_size": 320,
    "embedding_size": 16,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}

CONFIGURATIONS = {
    "electra-projected": BASE,
    "electra": {**BASE, "embedding_size": 32, "hidden_act": "gelu_new", "layer_norm_eps": 1e-3, "type_vocab_size": 3},
}
