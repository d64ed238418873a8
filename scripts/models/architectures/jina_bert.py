"""JinaBERT v2, which transformers lacks: written from the papers of jina-embeddings-v2 and ALiBi and the published models'
configurations and tensors, in both of its forms.
"""

import math

import torch
from torch import nn
from torch.nn import functional

BASE = {
    "model_type": "bert",
    "auto_map": {"AutoModel": "jinaai/jina-bert-implementation--modeling_bert.JinaBertModel"},
    "vocab_size": 320,
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "feed_forward_type": "geglu",
    "position_embedding_type": "alibi",
    "attn_implementation": None,
    "emb_pooler": "mean",
}
CODE = {**BASE, "auto_map": {"AutoModel": "jinaai/jina-bert-v2-qk-post-norm--modeling_bert.JinaBertModel"}}

CONFIGURATIONS = {
    "jina-bert": BASE,
    "jina-bert-reglu": {**BASE, "feed_forward_type": "reglu", "num_attention_heads": 6, "type_vocab_size": 1},
    "jina-bert-original": {**BASE, "feed_forward_type": "original", "hidden_act": "gelu_new"},
    "jina-bert-fused": {**BASE, "max_position_embeddings": 8192, "num_attention_heads": 12},
    "jina-bert-post-norm": {**CODE, "num_attention_heads": 3, "layer_norm_eps": 1e-3},
}


def slopes(heads: int) -> list[float]:
    """The paper's sequence for powers of two; else that of the one below, filled up from the one above."""
    below = 2 ** int(math.log2(heads))
    sequence = [2 ** (-8 * i / below) for i in range(1, below + 1)]
    above = [2 ** (-4 * i / below) for i in range(1, 2 * below + 1)]
    return sequence + above[::2][: heads - below]


class Part(nn.Module):
    """A namespace of modules, for the names of the tensors."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


class JinaBert(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.post_norm = "post-norm" in config["auto_map"]["AutoModel"]
        self.embeddings = Part(
            word_embeddings=nn.Embedding(config["vocab_size"], config["hidden_size"]),
            token_type_embeddings=nn.Embedding(config["type_vocab_size"], config["hidden_size"]),
            LayerNorm=self.norm(),
        )
        self.encoder = Part(layer=nn.ModuleList(self.make_layer() for _ in range(config["num_hidden_layers"])))

    def norm(self):
        return nn.LayerNorm(self.config["hidden_size"], eps=self.config["layer_norm_eps"])

    def make_layer(self):
        hidden, inner = self.config["hidden_size"], self.config["intermediate_size"]
        projections = {name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")}
        if self.post_norm:
            projections |= {"layer_norm_q": self.norm(), "layer_norm_k": self.norm()}
        attention = nn.ModuleDict(
            {
                "self": Part(**projections),
                "output": Part(dense=nn.Linear(hidden, hidden), LayerNorm=self.norm()),
            }
        )
        if self.post_norm:
            mlp = Part(up_gated_layer=nn.Linear(hidden, 2 * inner, bias=False), down_layer=nn.Linear(inner, hidden))
            return Part(attention=attention, mlp=mlp, layer_norm_1=self.norm(), layer_norm_2=self.norm())
        if self.config["feed_forward_type"] == "original":
            output = Part(dense=nn.Linear(inner, hidden), LayerNorm=self.norm())
            return Part(attention=attention, intermediate=Part(dense=nn.Linear(hidden, inner)), output=output)
        mlp = Part(
            gated_layers=nn.Linear(hidden, 2 * inner, bias=False), wo=nn.Linear(inner, hidden), layernorm=self.norm()
        )
        return Part(attention=attention, mlp=mlp)

    def attend(self, part, x, mask):
        heads = self.config["num_attention_heads"]
        query, key, value = part.query(x), part.key(x), part.value(x)
        if self.post_norm:
            query, key = part.layer_norm_q(query), part.layer_norm_k(key)
        query, key, value = (y.unflatten(-1, (heads, -1)).transpose(1, 2) for y in (query, key, value))
        positions = torch.arange(x.shape[1])
        distance = (positions[None, :] - positions[:, None]).abs()
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        scores = scores - torch.tensor(slopes(heads))[:, None, None] * distance
        scores = scores.masked_fill(mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min)
        return (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)

    def gated(self, halves, gate):
        act = functional.relu if self.config["feed_forward_type"] == "reglu" else functional.gelu
        parts = halves.chunk(2, dim=-1)
        return act(parts[gate]) * parts[1 - gate]

    def run_layer(self, layer, x, mask):
        output = layer.attention["output"]
        attended = output.LayerNorm(output.dense(self.attend(layer.attention["self"], x, mask)) + x)
        if self.post_norm:
            residual = layer.layer_norm_1(x + attended)
            inner = self.gated(layer.mlp.up_gated_layer(residual), gate=1)
            return layer.layer_norm_2(residual + layer.mlp.down_layer(inner))
        if self.config["feed_forward_type"] == "original":
            inner = functional.gelu(layer.intermediate.dense(attended), approximate="tanh")
            return layer.output.LayerNorm(layer.output.dense(inner) + attended)
        inner = self.gated(layer.mlp.gated_layers(attended), gate=0)
        return layer.mlp.layernorm(layer.mlp.wo(inner) + attended)

    def forward(self, input_ids, attention_mask):
        types = self.embeddings.token_type_embeddings.weight[0]
        x = self.embeddings.LayerNorm(self.embeddings.word_embeddings(input_ids) + types)
        for layer in self.encoder.layer:
            x = self.run_layer(layer, x, attention_mask)
        return x


def build(config):
    return JinaBert(config)
