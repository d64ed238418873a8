"""RoBERTa and the two model types that are the same network: one type of token, or more, and padding by other ids than 1."""

BASE = {
    "model_type": "roberta",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
}

CONFIGURATIONS = {
    "roberta": BASE,
    "roberta-types": {**BASE, "type_vocab_size": 2, "pad_token_id": 3, "hidden_act": "gelu_new"},
    "xlm-roberta": {**BASE, "model_type": "xlm-roberta", "num_hidden_layers": 1, "num_attention_heads": 2},
    "xlm-roberta-types": {**BASE, "model_type": "xlm-roberta", "type_vocab_size": 2, "pad_token_id": 4, "hidden_act": "relu"},
    "camembert": {**BASE, "model_type": "camembert", "num_hidden_layers": 1, "layer_norm_eps": 1e-3},
    "camembert-padding": {**BASE, "model_type": "camembert", "pad_token_id": 0, "hidden_act": "gelu_new"},
}
