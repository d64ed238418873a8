"""DistilBERT; sinusoidal positions are in the checkpoint as learned ones are, so they are but a name here."""

BASE = {
    "model_type": "distilbert",
    "vocab_size": 320,
    "dim": 32,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 64,
    "max_position_embeddings": 64,
}

CONFIGURATIONS = {
    "distilbert": BASE,
    "distilbert-relu": {**BASE, "activation": "relu", "n_heads": 2, "n_layers": 3, "sinusoidal_pos_embds": True},
}
