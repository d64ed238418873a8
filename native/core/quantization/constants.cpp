#include "core/quantization/constants.h"

#include <algorithm>
#include <openvino/op/convert.hpp>
#include <openvino/op/multiply.hpp>
#include <sstream>

namespace ovembed::quantization {
namespace {

using ov::op::v0::Constant;

// Exporters put a handful of operations between a weight and its product: Convert, Transpose, Reshape, a factor.
constexpr int kDeepest = 8;

// The constant's own memory, which it outlives as it stays in the graph.
ov::Tensor view(const Constant& constant) {
    return {constant.get_element_type(), constant.get_shape(), const_cast<void*>(constant.get_data_ptr())};
}

// Null where an operation cannot be evaluated.
ov::Tensor evaluate(const ov::Output<ov::Node>& output, int depth) {
    ov::Node* node = output.get_node();
    if (const auto* constant = ov::as_type<Constant>(node)) return view(*constant);
    if (depth == 0 || node->get_input_size() == 0 || node->get_output_size() != 1) return {};
    ov::TensorVector inputs;
    for (const auto& input : node->input_values()) {
        inputs.push_back(evaluate(input, depth - 1));
        if (!inputs.back()) return {};
    }
    ov::TensorVector outputs{ov::Tensor(output.get_element_type(), output.get_shape())};
    return node->evaluate(outputs, inputs) ? outputs[0] : ov::Tensor();
}

enum class Leaves { NotConstant, Float, Quantized };

// What data an output is made of. Shapes, axes and patterns are constants as well, of 32 or 64 bits.
Leaves leaves_of(const ov::Output<ov::Node>& output, int depth) {
    ov::Node* node = output.get_node();
    if (ov::is_type<Constant>(node)) {
        const auto type = output.get_element_type();
        return type.bitwidth() <= 8 ? Leaves::Quantized : Leaves::Float;
    }
    if (depth == 0 || node->get_input_size() == 0) return Leaves::NotConstant;
    auto found = Leaves::Float;
    for (const auto& input : node->input_values()) {
        const Leaves leaves = leaves_of(input, depth - 1);
        if (leaves == Leaves::NotConstant) return leaves;
        if (leaves == Leaves::Quantized) found = leaves;
    }
    return found;
}

}  // namespace

std::shared_ptr<Constant> float_constant(const ov::Output<ov::Node>& output) {
    if (!output.get_element_type().is_real() || output.get_partial_shape().is_dynamic()) return nullptr;
    if (leaves_of(output, kDeepest) != Leaves::Float) return nullptr;
    const auto owner = output.get_node_shared_ptr();
    if (output.get_element_type() == ov::element::f32) {
        if (const auto constant = ov::as_type_ptr<Constant>(owner)) return constant;
        const ov::Tensor value = evaluate(output, kDeepest);
        return value ? std::make_shared<Constant>(value) : nullptr;
    }
    const auto widened = std::make_shared<ov::op::v0::Convert>(output, ov::element::f32);
    const ov::Tensor value = evaluate(widened, kDeepest + 1);
    return value ? std::make_shared<Constant>(value) : nullptr;
}

std::string origin(const ov::Output<ov::Node>& output) {
    const ov::Node* node = output.get_node();
    std::ostringstream text;
    text << output.get_element_type() << output.get_partial_shape() << ' ';
    if (const auto* constant = ov::as_type<const Constant>(node)) {
        // Factors are constants of their own wherever they are used.
        const bool is_number = ov::shape_size(constant->get_shape()) == 1 && output.get_element_type().is_real();
        if (is_number)
            text << std::hexfloat << constant->cast_vector<double>()[0];
        else
            text << constant->get_data_ptr();
    } else if (ov::is_type<ov::op::v0::Convert>(node) || ov::is_type<ov::op::v1::Multiply>(node)) {
        text << node->get_type_name() << '(';
        for (const auto& input : node->input_values()) text << origin(input) << ',';
        text << ')';
    } else {
        text << node << ':' << output.get_index();
    }
    return text.str();
}

bool is_quantized_constant(const ov::Output<ov::Node>& output) {
    return leaves_of(output, kDeepest) == Leaves::Quantized;
}

}  // namespace ovembed::quantization
