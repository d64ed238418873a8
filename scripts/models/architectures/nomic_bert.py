"""NomicBERT: by transformers, and by a reference of our own for what only the code published with the models reads."""

import torch
from torch import nn

PUBLISHED = {
    "model_type": "nomic_bert",
    "vocab_size": 320,
    "n_embd": 32,
    "n_head": 4,
    "n_layer": 2,
    "n_inner": 256,
    "n_positions": 64,
    "max_trained_positions": 2048,
    "layer_norm_epsilon": 1e-12,
    "activation_function": "swiglu",
    "qkv_proj_bias": False,
    "mlp_fc1_bias": False,
    "mlp_fc2_bias": False,
    "prenorm": False,
    "causal": False,
    "use_rms_norm": None,
    "type_vocab_size": 2,
    "pad_vocab_size_multiple": 64,
    "rotary_emb_base": 1000,
    "rotary_emb_fraction": 1.0,
    "rotary_emb_interleaved": False,
    "rotary_emb_scale_base": None,
    "rotary_scaling_factor": None,
}

CONFIGURATIONS = {
    "nomic_bert": {
        "model_type": "nomic_bert",
        "vocab_size": 320,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "layer_norm_eps": 1e-3,
    },
    "nomic_bert-published": {**PUBLISHED, "n_positions": 8192, "max_trained_positions": 64, "rotary_scaling_factor": 2},
    "nomic_bert-biases": {
        **PUBLISHED,
        "activation_function": "geglu",
        "n_inner": 200,
        "qkv_proj_bias": True,
        "mlp_fc1_bias": True,
        "mlp_fc2_bias": True,
        "vocab_size": 300,
        "rotary_emb_fraction": 0.5,
        "type_vocab_size": 0,
    },
    "nomic_bert-gelu-fused": {**PUBLISHED, "activation_function": "gelu", "n_inner": 48, "n_positions": 4096},
}


def rotate(x: torch.Tensor, width: int, base: float) -> torch.Tensor:
    """The first `width` columns of x [B, heads, S, d]."""
    positions = torch.arange(x.shape[2], dtype=torch.float32)
    angles = torch.outer(positions, base ** -(torch.arange(0, width, 2, dtype=torch.float32) / width))
    left, right, rest = x[..., : width // 2], x[..., width // 2 : width], x[..., width:]
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([left * cos - right * sin, right * cos + left * sin, rest], -1)


class Attention(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width, bias = config["n_embd"], config["qkv_proj_bias"]
        self.heads = config["n_head"]
        self.rotated = int(width // self.heads * config["rotary_emb_fraction"])
        self.base = config["rotary_emb_base"]
        self.Wqkv = nn.Linear(width, 3 * width, bias=bias)
        self.out_proj = nn.Linear(width, width, bias=bias)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        parts = self.Wqkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key = (rotate(part, self.rotated, self.base) for part in parts[:2])
        mixed = nn.functional.scaled_dot_product_attention(query, key, parts[2], attn_mask=mask)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, length, width))


class FeedForward(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        function, width, inner = config["activation_function"], config["n_embd"], config["n_inner"]
        self.activation = nn.functional.silu if function == "swiglu" else nn.functional.gelu
        self.gated = function != "gelu"
        if self.gated:
            inner = -(-inner // 256) * 256
            self.fc11 = nn.Linear(width, inner, bias=config["mlp_fc1_bias"])
            self.fc12 = nn.Linear(width, inner, bias=config["mlp_fc1_bias"])
        else:
            self.fc1 = nn.Linear(width, inner, bias=config["mlp_fc1_bias"])
        self.fc2 = nn.Linear(inner, width, bias=config["mlp_fc2_bias"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.gated:
            return self.fc2(self.fc11(x) * self.activation(self.fc12(x)))
        return self.fc2(self.activation(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.attn = Attention(config)
        self.mlp = FeedForward(config)
        self.norm1 = nn.LayerNorm(config["n_embd"], eps=config["layer_norm_epsilon"])
        self.norm2 = nn.LayerNorm(config["n_embd"], eps=config["layer_norm_epsilon"])

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = self.norm1(x + self.attn(x, mask))
        return self.norm2(x + self.mlp(x))


class Published(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        width, multiple = config["n_embd"], config["pad_vocab_size_multiple"]
        self.embeddings = nn.ModuleDict()
        self.embeddings["word_embeddings"] = nn.Embedding(-(-config["vocab_size"] // multiple) * multiple, width)
        if config["type_vocab_size"]:
            self.embeddings["token_type_embeddings"] = nn.Embedding(config["type_vocab_size"], width)
        self.emb_ln = nn.LayerNorm(width, eps=config["layer_norm_epsilon"])
        self.encoder = nn.ModuleDict({"layers": nn.ModuleList(Layer(config) for _ in range(config["n_layer"]))})

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        x = self.embeddings["word_embeddings"](input_ids)
        if "token_type_embeddings" in self.embeddings:
            x = x + self.embeddings["token_type_embeddings"].weight[0]
        x = self.emb_ln(x)
        mask = attention_mask[:, None, None, :].bool()
        for layer in self.encoder["layers"]:
            x = layer(x, mask)
        return x


def build(config: dict):
    if "n_embd" not in config:
        return None
    return Published(config)

EARLIER_WORDS = {"nomic_bert": {}}
"""The default base."""
