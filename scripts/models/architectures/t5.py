"""The encoders of T5 (that of sentence-t5 and gtr), T5 v1.1 and flan, mT5 and umT5, with distances beyond the farthest."""

import functools

import transformers

BASE = {
    "vocab_size": 320,
    "d_model": 32,
    "d_kv": 12,
    "d_ff": 64,
    "num_layers": 2,
    "num_heads": 3,
    "relative_attention_num_buckets": 12,
    "relative_attention_max_distance": 24,
}

CONFIGURATIONS = {
    "t5-relu": {**BASE, "model_type": "t5"},
    "t5-gated-gelu": {
        **BASE,
        "model_type": "t5",
        "feed_forward_proj": "gated-gelu",
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
        "layer_norm_epsilon": 1e-3,
    },
    "t5-gated-silu": {**BASE, "model_type": "t5", "feed_forward_proj": "gated-silu", "d_kv": 8, "num_heads": 4},
    "mt5": {**BASE, "model_type": "mt5"},
    "mt5-relu": {
        **BASE,
        "model_type": "mt5",
        "feed_forward_proj": "relu",
        "d_kv": 8,
        "relative_attention_num_buckets": 8,
        "relative_attention_max_distance": 10,
    },
    "umt5": {**BASE, "model_type": "umt5"},
    "umt5-silu": {
        **BASE,
        "model_type": "umt5",
        "feed_forward_proj": "gated-silu",
        "num_heads": 4,
        "layer_norm_epsilon": 1e-3,
        "relative_attention_num_buckets": 16,
        "relative_attention_max_distance": 32,
    },
}

ENCODERS = {"t5": "T5EncoderModel", "mt5": "MT5EncoderModel", "umt5": "UMT5EncoderModel"}


def build(config):
    config = transformers.AutoConfig.for_model(**config)
    config._attn_implementation = "eager"
    model = getattr(transformers, ENCODERS[config.model_type])(config)
    # The file holds the embedding under one of its two names.
    model.load_state_dict = functools.partial(model.load_state_dict, strict=False)
    return model
