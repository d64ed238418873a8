#include "core/model_ports.h"

#include <string>
#include <vector>

#include "core/error.h"

namespace ovembed {
namespace {

using Port = ov::Output<const ov::Node>;

std::string name_of(const Port& port) {
    return port.get_names().empty() ? port.get_node()->get_friendly_name() : *port.get_names().begin();
}

bool is_named(const Port& port, const std::string& name) {
    return port.get_names().count(name) != 0 || port.get_node()->get_friendly_name() == name;
}

[[noreturn]] void unsupported(const std::string& what) {
    throw Error(ErrorCode::ModelUnsupported, "The model is not a text encoder that ovembed knows: " + what);
}

std::optional<size_t> find(const std::vector<Port>& ports, const std::string& name) {
    for (size_t i = 0; i < ports.size(); ++i) {
        if (is_named(ports[i], name)) return i;
    }
    return std::nullopt;
}

void find_inputs(const std::vector<Port>& inputs, ModelPorts& ports) {
    const auto input_ids = find(inputs, "input_ids");
    if (!input_ids) unsupported("it has no input named input_ids.");
    ports.input_ids = *input_ids;
    ports.attention_mask = find(inputs, "attention_mask");
    ports.token_type_ids = find(inputs, "token_type_ids");
    ports.position_ids = find(inputs, "position_ids");
    ports.input_type = inputs[*input_ids].get_element_type();

    const size_t known =
        1U + (ports.attention_mask ? 1U : 0U) + (ports.token_type_ids ? 1U : 0U) + (ports.position_ids ? 1U : 0U);
    for (const auto& input : inputs) {
        const auto type = input.get_element_type();
        if (type != ports.input_type || (type != ov::element::i64 && type != ov::element::i32)) {
            unsupported("input " + name_of(input) + " is of type " + type.get_type_name() +
                        "; all must be i64 or all i32.");
        }
        if (input.get_partial_shape().rank() != 2) unsupported("input " + name_of(input) + " is not [rows, tokens].");
        const bool is_known = is_named(input, "input_ids") || is_named(input, "attention_mask") ||
                              is_named(input, "token_type_ids") || is_named(input, "position_ids");
        if (!is_known) unsupported("it needs an input named " + name_of(input) + ".");
    }
    if (known != inputs.size()) unsupported("two of its inputs have the same name.");
}

}  // namespace

size_t find_output(const std::vector<Port>& outputs) {
    for (const char* name : {"last_hidden_state", "token_embeddings", "sentence_embedding"}) {
        if (const auto port = find(outputs, name)) return *port;
    }
    if (outputs.size() == 1) return 0;
    std::string names;
    for (const auto& output : outputs) names += (names.empty() ? "" : ", ") + name_of(output);
    unsupported("none of its outputs (" + names + ") is last_hidden_state, token_embeddings or sentence_embedding.");
}

ModelPorts find_ports(const ov::CompiledModel& model) {
    ModelPorts ports;
    find_inputs(model.inputs(), ports);
    ports.output = find_output(model.outputs());

    const Port output = model.output(ports.output);
    const auto shape = output.get_partial_shape();
    const bool ranked = shape.rank().is_static() && (shape.size() == 2 || shape.size() == 3);
    if (!ranked) unsupported("output " + name_of(output) + " is neither [rows, tokens, width] nor [rows, width].");
    if (shape[shape.size() - 1].is_dynamic()) unsupported("the width of output " + name_of(output) + " is not fixed.");
    ports.pooled = shape.size() == 2;
    ports.hidden = static_cast<size_t>(shape[shape.size() - 1].get_length());
    ports.output_type = output.get_element_type();
    const auto type = ports.output_type;
    if (type != ov::element::f32 && type != ov::element::bf16 && type != ov::element::f16) {
        unsupported("output " + name_of(output) + " is of type " + type.get_type_name() +
                    "; f32, bf16 and f16 are supported.");
    }
    return ports;
}

}  // namespace ovembed
