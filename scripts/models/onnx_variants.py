"""The inputs and outputs that exporters give the same encoder: names and combinations of optimum, sentence-transformers and
plain torch.onnx. Each function changes a graph of bert_onnx.py in place and leaves its vectors as they are.
"""

from onnx import GraphProto, TensorProto, ValueInfoProto, helper

TOKENS = ["batch_size", "sequence_length", None]


def remove(values, name: str) -> ValueInfoProto:
    found = next(value for value in values if value.name == name)
    values.remove(found)
    return found


def compute_input(graph: GraphProto, name: str, *nodes) -> None:
    """The nodes, the last of which is called `name`, take the place of an input."""
    remove(graph.input, name)
    for node in reversed(nodes):
        graph.node.insert(0, node)


def add_constant(graph: GraphProto, name: str, kind: int, dimensions: list[int], values: list) -> None:
    graph.initializer.append(helper.make_tensor(name, kind, dimensions, values))


def add_output(graph: GraphProto, name: str, kind: str, *inputs: str, shape: list, first: bool = False, **attributes) -> None:
    graph.node.append(helper.make_node(kind, list(inputs), [name], **attributes))
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph.output.insert(0 if first else len(graph.output), output)


def without_types(graph: GraphProto) -> None:
    """Only input_ids and attention_mask, as of RoBERTa or DistilBERT."""
    add_constant(graph, "zero", TensorProto.INT64, [], [0])
    compute_input(graph, "token_type_ids", helper.make_node("Mul", ["input_ids", "zero"], ["token_type_ids"]))


def without_mask(graph: GraphProto) -> None:
    """Only input_ids; the mask is where they are not the padding's."""
    without_types(graph)
    compute_input(
        graph,
        "attention_mask",
        helper.make_node("Equal", ["input_ids", "zero"], ["is_padding"]),
        helper.make_node("Not", ["is_padding"], ["is_token"]),
        helper.make_node("Cast", ["is_token"], ["attention_mask"], to=TensorProto.INT64),
    )


def with_positions(graph: GraphProto) -> None:
    """position_ids is an input, as of decoders."""
    graph.input.append(helper.make_tensor_value_info("position_ids", TensorProto.INT64, TOKENS[:2]))
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] == "embeddings.position_embeddings.weight":
            node.input[1] = "position_ids"


def narrow_inputs(graph: GraphProto) -> None:
    """Inputs of 32 bits."""
    for value in graph.input:
        value.type.tensor_type.elem_type = TensorProto.INT32


def more_outputs(graph: GraphProto) -> None:
    """pooler_output and the states of a layer stand before last_hidden_state."""
    add_output(graph, "hidden_states.1", "Neg", "last_hidden_state", shape=TOKENS, first=True)
    pooled = ["batch_size", None]
    add_output(
        graph, "pooler_output", "ReduceMax", "last_hidden_state", shape=pooled, first=True, axes=[1], keepdims=0
    )


def one_output(graph: GraphProto) -> None:
    """The only output has a name that says nothing."""
    remove(graph.output, "last_hidden_state")
    add_output(graph, "1234", "Identity", "last_hidden_state", shape=TOKENS)


def sentence_transformers(graph: GraphProto) -> None:
    """token_embeddings beside a sentence_embedding, which here is wrong on purpose: the tokens' maximum."""
    remove(graph.output, "last_hidden_state")
    add_output(graph, "token_embeddings", "Identity", "last_hidden_state", shape=TOKENS)
    sentence = ["batch_size", None]
    add_output(
        graph, "sentence_embedding", "ReduceMax", "last_hidden_state", shape=sentence, first=True, axes=[1], keepdims=0
    )


def sentence_only(graph: GraphProto) -> None:
    """Pooled in the graph: the mean over the tokens of the mask."""
    remove(graph.output, "last_hidden_state")
    graph.node.extend(
        [
            helper.make_node("Cast", ["attention_mask"], ["weights"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["weights"], ["column"], axes=[2]),
            helper.make_node("Mul", ["last_hidden_state", "column"], ["masked"]),
            helper.make_node("ReduceSum", ["masked"], ["sum"], axes=[1], keepdims=0),
            helper.make_node("ReduceSum", ["column"], ["count"], axes=[1], keepdims=0),
        ]
    )
    add_output(graph, "sentence_embedding", "Div", "sum", "count", shape=["batch_size", None])


VARIANTS = {
    function.__name__: function
    for function in (
        without_types,
        without_mask,
        with_positions,
        narrow_inputs,
        more_outputs,
        one_output,
        sentence_transformers,
        sentence_only,
    )
}
