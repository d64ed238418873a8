"""BERT, with the activations and widths that published checkpoints have."""

BASE = {
    "model_type": "bert",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}

CONFIGURATIONS = {
    "bert-gelu": BASE,
    "bert-relu": {**BASE, "hidden_act": "relu", "num_attention_heads": 2, "layer_norm_eps": 1e-3, "type_vocab_size": 1},
}
