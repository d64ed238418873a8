#include "core/quantization/weights.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <openvino/op/ops.hpp>

#include "core/quantization/constants.h"
#include "core/quantization/products.h"

namespace ovembed::quantization {
namespace {

namespace op = ov::op;
using op::v0::Constant;

constexpr float kLargest = 127;

// NaN and infinities make the factor NaN, so that damaged weights are found in the vectors as they are without int8.
float factor_of(const Channels& matrix, size_t channel) {
    float largest = 0;
    for (size_t i = 0; i < matrix.length; ++i) {
        const float magnitude = std::fabs(matrix.at(channel, i));
        if (!std::isfinite(magnitude)) return std::numeric_limits<float>::quiet_NaN();
        largest = std::max(largest, magnitude);
    }
    return largest == 0 ? 1 : largest / kLargest;
}

void quantize_channel(const Channels& matrix, size_t channel, float factor, int8_t* target) {
    const bool finite = std::isfinite(factor);
    for (size_t i = 0; i < matrix.length; ++i) {
        const float scaled = finite ? std::nearbyint(matrix.at(channel, i) / factor) : 1;
        target[i] = static_cast<int8_t>(std::clamp(scaled, -kLargest, kLargest));
    }
}

// [count, length] in f32, computed from floats of another type.
ov::Output<ov::Node> narrowed(const Channels& matrix, ov::element::Type type, const std::string& name) {
    std::vector<float> values(matrix.count * matrix.length);
    for (size_t channel = 0; channel < matrix.count; ++channel) {
        for (size_t i = 0; i < matrix.length; ++i) values[channel * matrix.length + i] = matrix.at(channel, i);
    }
    const auto constant = std::make_shared<Constant>(type, ov::Shape{matrix.count, matrix.length}, values);
    constant->set_friendly_name(name);
    if (type == ov::element::f32) return constant;
    return std::make_shared<op::v0::Convert>(constant, ov::element::f32);
}

// Gives a matrix another form of the same shape and of type f32.
using Form = std::function<ov::Output<ov::Node>(const Channels&, const std::string& name)>;

// An input of a type other than f32 keeps its type.
void replace(ov::Input<ov::Node> input, const ov::Output<ov::Node>& value) {
    const auto type = input.get_element_type();
    const bool same = type == ov::element::f32;
    input.replace_source_output(same ? value : std::make_shared<op::v0::Convert>(value, type)->output(0));
}

// The same operations anew on the same constants: devices look for weights whose operations one product alone reads.
ov::Output<ov::Node> on_same_constants(const ov::Output<ov::Node>& value) {
    const auto node = value.get_node_shared_ptr();
    if (ov::is_type<Constant>(node)) return value;
    ov::OutputVector inputs;
    for (const auto& input : node->input_values()) inputs.push_back(on_same_constants(input));
    return node->clone_with_new_inputs(inputs)->output(value.get_index());
}

// Forms that were made already: several layers of a network may use the same weights (ALBERT).
class Forms {
public:
    explicit Forms(Form form) : m_form(std::move(form)) {}

    // Of the matrix that `stored` holds.
    ov::Output<ov::Node> of(const ov::Output<ov::Node>& stored, const Channels& matrix, const std::string& name) {
        // The same matrix may be stored for products with it and with its transpose.
        const std::string key =
            origin(stored) + ' ' + std::to_string(matrix.count) + ' ' + std::to_string(matrix.channel_stride);
        const auto known = m_made.find(key);
        if (known != m_made.end()) return on_same_constants(known->second);
        return m_made.emplace(key, m_form(matrix, name)).first->second;
    }

private:
    Form m_form;
    std::map<std::string, ov::Output<ov::Node>> m_made;
};

// Weights of a product become [out, in], whichever way they were stored.
void replace_weight(op::v0::MatMul& product, Forms& forms) {
    const Weight weight = weight_of(product);
    if (!weight) return;
    const auto form = forms.of(product.input_value(1), weight.channels, weight.constant->get_friendly_name());
    replace(product.input(1), form);
    product.set_transpose_b(true);
}

// Whether an output holds the token ids, perhaps converted.
bool is_token_ids(const ov::Output<ov::Node>& output) {
    if (output.get_names().count("input_ids") != 0) return true;
    const ov::Node* node = output.get_node();
    return ov::is_type<op::v0::Convert>(node) && is_token_ids(node->input_value(0));
}

void replace_table(ov::Node& lookup, Forms& forms) {
    if (!is_token_ids(lookup.input_value(1))) return;
    const auto axis = ov::as_type_ptr<Constant>(lookup.get_input_node_shared_ptr(2));
    const auto table = float_constant(lookup.input_value(0));
    if (!table || table->get_shape().size() != 2 || !axis || axis->cast_vector<int64_t>() != std::vector<int64_t>{0})
        return;
    const auto rows = table->get_shape()[0];
    const auto width = table->get_shape()[1];
    const Channels matrix{static_cast<const float*>(table->get_data_ptr()), rows, width, width, 1};
    replace(lookup.input(0), forms.of(lookup.input_value(0), matrix, table->get_friendly_name()));
}

void replace_weights(ov::Model& model, const Form& form) {
    Forms forms(form);
    const auto nodes = model.get_ordered_ops();  // holds those that are replaced, as origin() asks for
    for (const auto& node : nodes) {
        if (auto* product = ov::as_type<op::v0::MatMul>(node.get())) replace_weight(*product, forms);
        if (ov::is_type<op::util::GatherBase>(node)) replace_table(*node, forms);
    }
    model.validate_nodes_and_infer_types();
}

}  // namespace

ov::Output<ov::Node> compressed(const Channels& matrix, const std::string& name) {
    const auto values = std::make_shared<Constant>(ov::element::i8, ov::Shape{matrix.count, matrix.length});
    const auto factors = std::make_shared<Constant>(ov::element::f32, ov::Shape{matrix.count, 1});
    auto* target = static_cast<int8_t*>(const_cast<void*>(values->get_data_ptr()));
    auto* factor = static_cast<float*>(const_cast<void*>(factors->get_data_ptr()));
    for (size_t channel = 0; channel < matrix.count; ++channel) {
        factor[channel] = factor_of(matrix, channel);
        quantize_channel(matrix, channel, factor[channel], target + channel * matrix.length);
    }
    values->set_friendly_name(name);
    const auto widened = std::make_shared<op::v0::Convert>(values, ov::element::f32);
    return std::make_shared<op::v1::Multiply>(widened, factors);
}

void quantize_weights(ov::Model& model) { replace_weights(model, compressed); }

void store_weights(ov::Model& model, ov::element::Type type) {
    replace_weights(model,
                    [&](const Channels& matrix, const std::string& name) { return narrowed(matrix, type, name); });
}

}  // namespace ovembed::quantization
