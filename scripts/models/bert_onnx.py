"""Builds the ONNX graph of a BERT encoder from its config.json and weights.

The operators, their order and the opset are those of BERT exported from PyTorch to opset 12: attention and LayerNorm
written out, Erf GELU. These are the patterns that onnxruntime fuses into its Attention, LayerNormalization and BiasGelu
kernels; from opset 13 on it no longer finds the attention mask's pattern, and single queries take some percent longer.
Inputs: input_ids, attention_mask, token_type_ids, int64 [batch, sequence]. Output: last_hidden_state, float32
[batch, sequence, hidden].
"""

import math

import numpy
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

OPSET = 12
# Opset 12 came with IR version 7: any newer one would shut out older runtimes for nothing.
IR_VERSION = 7
MASKED = -10000.0


class Graph:
    """Collects nodes and initializers; every method returns the name of a value."""

    def __init__(self) -> None:
        self.nodes = []
        self.initializers = {}

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes) -> str:
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: numpy.ndarray) -> str:
        self.initializers.setdefault(name, numpy_helper.from_array(numpy.array(value, order="C"), name))
        return name

    def scalar(self, value: float) -> str:
        return self.constant(f"scalar_{value!r}", numpy.array(value, numpy.float32))

    def index(self, value: int) -> str:
        """An integer without dimensions: Gather with it drops the axis."""
        return self.constant(f"index_{value}", numpy.array(value, numpy.int64))

    def integers(self, *values: int) -> str:
        return self.constant(f"integers_{'_'.join(map(str, values))}", numpy.array(values, numpy.int64))


def bert_model(config: dict, tensors: dict[str, numpy.ndarray]) -> ModelProto:
    """The model; tensor names may carry the prefix `bert.`."""
    weights = {name.removeprefix("bert."): tensor for name, tensor in tensors.items()}
    graph = Graph()
    mask = attention_bias(graph)
    hidden = embeddings(graph, config, weights)
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        hidden = attention(graph, config, weights, f"{prefix}.attention", hidden, mask)
        hidden = feed_forward(graph, config, weights, prefix, hidden)
    graph.op("Identity", hidden, name="last_hidden_state")

    rows = ["batch_size", "sequence_length"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, rows)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    shape = [*rows, config["hidden_size"]]
    outputs = [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape)]
    body = helper.make_graph(graph.nodes, "bert", inputs, outputs, list(graph.initializers.values()))
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opset, ir_version=IR_VERSION, producer_name="ovembed")
    checker.check_model(model, full_check=True)
    return model


def attention_bias(g: Graph) -> str:
    """[batch, 1, 1, sequence]: 0 for a token, a large negative number for padding."""
    rows = g.op("Unsqueeze", g.op("Unsqueeze", "attention_mask", axes=[1]), axes=[2])
    present = g.op("Cast", rows, to=TensorProto.FLOAT)
    return g.op("Mul", g.op("Sub", g.scalar(1.0), present), g.scalar(MASKED))


def embeddings(g: Graph, config: dict, weights: dict) -> str:
    def table(name: str) -> str:
        return g.constant(f"embeddings.{name}.weight", weights[f"embeddings.{name}.weight"])

    length = g.op("Unsqueeze", g.op("Gather", g.op("Shape", "input_ids"), g.index(1), axis=0), axes=[0])
    all_positions = numpy.arange(config["max_position_embeddings"], dtype=numpy.int64)[None]
    positions = g.op(
        "Slice",
        g.constant("embeddings.position_ids", all_positions),
        g.integers(0),
        length,
        g.integers(1),
        g.integers(1),
    )
    words = g.op("Gather", table("word_embeddings"), "input_ids", axis=0)
    types = g.op("Gather", table("token_type_embeddings"), "token_type_ids", axis=0)
    places = g.op("Gather", table("position_embeddings"), positions, axis=0)
    total = g.op("Add", g.op("Add", words, types), places)
    return layer_norm(g, config, weights, "embeddings.LayerNorm", total)


def attention(g: Graph, config: dict, weights: dict, prefix: str, hidden: str, mask: str) -> str:
    heads, width = config["num_attention_heads"], config["hidden_size"]

    def split(part: str, order: list[int]) -> str:
        rows = linear(g, weights, f"{prefix}.self.{part}", hidden)
        return g.op("Transpose", g.op("Reshape", rows, g.integers(0, 0, heads, width // heads)), perm=order)

    query, key = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1])
    value = split("value", [0, 2, 1, 3])
    scores = g.op("Div", g.op("MatMul", query, key), g.scalar(math.sqrt(width // heads)))
    probabilities = g.op("Softmax", g.op("Add", scores, mask), axis=3)
    context = g.op("Transpose", g.op("MatMul", probabilities, value), perm=[0, 2, 1, 3])
    merged = g.op("Reshape", context, g.integers(0, 0, width))
    output = linear(g, weights, f"{prefix}.output.dense", merged)
    return layer_norm(g, config, weights, f"{prefix}.output.LayerNorm", g.op("Add", output, hidden))


def feed_forward(g: Graph, config: dict, weights: dict, prefix: str, hidden: str) -> str:
    inner = ACTIVATIONS[config["hidden_act"]](g, linear(g, weights, f"{prefix}.intermediate.dense", hidden))
    output = linear(g, weights, f"{prefix}.output.dense", inner)
    return layer_norm(g, config, weights, f"{prefix}.output.LayerNorm", g.op("Add", output, hidden))


def linear(g: Graph, weights: dict, name: str, rows: str) -> str:
    product = g.op("MatMul", rows, g.constant(f"{name}.weight", weights[f"{name}.weight"].T))
    return g.op("Add", product, g.constant(f"{name}.bias", weights[f"{name}.bias"]))


def layer_norm(g: Graph, config: dict, weights: dict, name: str, rows: str) -> str:
    scale, bias = (g.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    centred = g.op("Sub", rows, g.op("ReduceMean", rows, axes=[-1]))
    variance = g.op("ReduceMean", g.op("Pow", centred, g.scalar(2.0)), axes=[-1])
    deviation = g.op("Sqrt", g.op("Add", variance, g.scalar(config["layer_norm_eps"])))
    return g.op("Add", g.op("Mul", g.op("Div", centred, deviation), scale), bias)


def gelu(g: Graph, x: str) -> str:
    erf = g.op("Erf", g.op("Div", x, g.scalar(math.sqrt(2.0))))
    return g.op("Mul", g.op("Mul", x, g.op("Add", erf, g.scalar(1.0))), g.scalar(0.5))


def gelu_new(g: Graph, x: str) -> str:
    """The tanh approximation."""
    cubic = g.op("Mul", g.op("Pow", x, g.scalar(3.0)), g.scalar(0.044715))
    inner = g.op("Mul", g.op("Add", x, cubic), g.scalar(math.sqrt(2.0 / math.pi)))
    return g.op("Mul", g.op("Mul", x, g.scalar(0.5)), g.op("Add", g.op("Tanh", inner), g.scalar(1.0)))


def relu(g: Graph, x: str) -> str:
    return g.op("Relu", x)


ACTIVATIONS = {"gelu": gelu, "gelu_new": gelu_new, "relu": relu}
