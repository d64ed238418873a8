"""GTE: by transformers as `gte`, and by a reference of our own as `new`, for what only the code published with the models
reads."""

import math

import torch
from torch import nn

NEW = {
    "model_type": "new",
    "vocab_size": 320,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "hidden_act": "gelu",
    "layer_norm_type": "layer_norm",
    "layer_norm_eps": 1e-12,
    "position_embedding_type": "rope",
    "rope_theta": 500.0,
    "rope_scaling": None,
    "pack_qkv": True,
    "type_vocab_size": 1,
    "logn_attention_scale": False,
    "logn_attention_clip1": False,
}

CONFIGURATIONS = {
    "gte": {
        "model_type": "gte",
        "vocab_size": 320,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "layer_norm_eps": 1e-3,
        "type_vocab_size": 2,
    },
    "new-ntk-fused": {
        **NEW,
        "max_position_embeddings": 8192,
        "rope_scaling": {"type": "ntk", "factor": 8.0},
        "type_vocab_size": 0,
    },
    "new-mixed-ntk": {
        **NEW,
        "rope_scaling": {"type": "ntk", "factor": 4.0, "mixed_b": 0.625},
        "pack_qkv": False,
        "hidden_act": "relu",
        "layer_norm_type": "rms_norm",
    },
    "new-logn": {**NEW, "logn_attention_scale": True, "position_embedding_type": "absolute"},
    "new-logn-clip": {**NEW, "logn_attention_scale": True, "logn_attention_clip1": True, "max_position_embeddings": 48},
}


def frequencies(config: dict, width: int) -> torch.Tensor:
    powers = torch.arange(0, width, 2, dtype=torch.float32) / width
    scaling = config["rope_scaling"]
    if scaling is None:
        return config["rope_theta"] ** -powers
    factor, b = scaling["factor"], scaling.get("mixed_b")
    if b is None:
        return (config["rope_theta"] * factor) ** -powers / factor ** (2 / width)
    steps = torch.arange(1, width // 2 + 1, dtype=torch.float32)
    return config["rope_theta"] ** -powers / (math.log(factor) / (width / 2) ** b * steps**b).exp()


def rotate(x: torch.Tensor, config: dict) -> torch.Tensor:
    """x [B, heads, S, d]."""
    half = x.shape[-1] // 2
    angles = torch.outer(torch.arange(x.shape[2], dtype=torch.float32), frequencies(config, x.shape[-1]))
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([x[..., :half] * cos - x[..., half:] * sin, x[..., half:] * cos + x[..., :half] * sin], -1)


class Attention(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["hidden_size"]
        self.config = config
        if config["pack_qkv"]:
            self.qkv_proj = nn.Linear(width, 3 * width)
        else:
            self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.o_proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        packed = self.config["pack_qkv"]
        parts = self.qkv_proj(x).chunk(3, -1) if packed else [self.q_proj(x), self.k_proj(x), self.v_proj(x)]
        shape = (*x.shape[:2], self.config["num_attention_heads"], -1)
        query, key, value = (part.view(shape).transpose(1, 2) for part in parts)
        if self.config["position_embedding_type"] == "rope":
            query, key = rotate(query, self.config), rotate(key, self.config)
        if self.config["logn_attention_scale"]:
            scale = mask.sum(-1, keepdim=True).log() / math.log(self.config["max_position_embeddings"])
            query = query * (scale.clip(1) if self.config["logn_attention_clip1"] else scale)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.o_proj(mixed.transpose(1, 2).reshape(x.shape))


class FeedForward(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.activation = getattr(nn.functional, config["hidden_act"])
        self.up_gate_proj = nn.Linear(config["hidden_size"], 2 * config["intermediate_size"], bias=False)
        self.down_proj = nn.Linear(config["intermediate_size"], config["hidden_size"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        up, gate = self.up_gate_proj(x).chunk(2, -1)
        return self.down_proj(self.activation(gate) * up)


class Layer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        norm = nn.LayerNorm if config["layer_norm_type"] == "layer_norm" else nn.RMSNorm
        self.attention = Attention(config)
        self.mlp = FeedForward(config)
        self.attn_ln = norm(config["hidden_size"], eps=config["layer_norm_eps"])
        self.mlp_ln = norm(config["hidden_size"], eps=config["layer_norm_eps"])

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.attn_ln(x + self.attention(x, mask))
        return self.mlp_ln(x + self.mlp(x))


class New(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width = config["hidden_size"]
        self.embeddings = nn.ModuleDict({"word_embeddings": nn.Embedding(config["vocab_size"], width)})
        if config["type_vocab_size"]:
            self.embeddings["token_type_embeddings"] = nn.Embedding(config["type_vocab_size"], width)
        if config["position_embedding_type"] == "absolute":
            self.embeddings["position_embeddings"] = nn.Embedding(config["max_position_embeddings"], width)
        self.embeddings["LayerNorm"] = nn.LayerNorm(width, eps=config["layer_norm_eps"])
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))})

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        x = self.embeddings["word_embeddings"](input_ids)
        if "token_type_embeddings" in self.embeddings:
            x = x + self.embeddings["token_type_embeddings"].weight[0]
        if "position_embeddings" in self.embeddings:
            x = x + self.embeddings["position_embeddings"].weight[: input_ids.shape[1]]
        x = self.embeddings["LayerNorm"](x)
        mask = attention_mask[:, None, None, :].bool()
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        return x


def build(config: dict):
    if config["model_type"] == "gte":
        return None
    return New(config)

EARLIER_WORDS = {"gte": {}}
"""The default base."""
