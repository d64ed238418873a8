#include "core/graph/layers.h"

#include <cmath>
#include <limits>
#include <openvino/op/ops.hpp>

#include "core/error.h"

namespace ovembed::graph {
namespace {

namespace op = ov::op;

template <typename Op, typename... Arguments>
Value make(Arguments&&... arguments) {
    return std::make_shared<Op>(std::forward<Arguments>(arguments)...);
}

// Multiplies a weight by a factor; folded into the constant when the model is compiled.
Value scaled(const Value& weight, float factor) {
    return factor == 1 ? weight : make<op::v1::Multiply>(weight, constant(factor));
}

// [B, S, H] to [B, heads, S, H / heads].
Value split_heads(const Value& x, AttentionShape shape) {
    const auto width = static_cast<int64_t>(shape.head_width());
    const auto pattern = constant(std::vector<int64_t>{0, 0, static_cast<int64_t>(shape.heads), width});
    return make<op::v1::Transpose>(make<op::v1::Reshape>(x, pattern, true), constant(std::vector<int64_t>{0, 2, 1, 3}));
}

// [B, heads, S, H / heads] to [B, S, H].
Value merge_heads(const Value& x, AttentionShape shape) {
    const auto pattern = constant(std::vector<int64_t>{0, 0, static_cast<int64_t>(shape.hidden)});
    return make<op::v1::Reshape>(make<op::v1::Transpose>(x, constant(std::vector<int64_t>{0, 2, 1, 3})), pattern, true);
}

}  // namespace

Value constant(float value) { return op::v0::Constant::create(ov::element::f32, ov::Shape{}, {value}); }

Value constant(const std::vector<int64_t>& values) {
    return op::v0::Constant::create(ov::element::i64, ov::Shape{values.size()}, values);
}

Value linear(const Value& x, const Weights& weights, const std::string& name, size_t in, size_t out, float scale) {
    const Value weight = scaled(weights.get(name + ".weight", {out, in}), scale);
    const Value bias = scaled(weights.get(name + ".bias", {out}), scale);
    return make<op::v1::Add>(make<op::v0::MatMul>(x, weight, false, true), bias);
}

Value layer_norm(const Value& x, const Weights& weights, const std::string& name, size_t width, double epsilon) {
    const Value normalised = make<op::v6::MVN>(x, constant(std::vector<int64_t>{-1}), true, static_cast<float>(epsilon),
                                               op::MVNEpsMode::INSIDE_SQRT);
    const Value scale = make<op::v1::Multiply>(normalised, weights.get(name + ".weight", {width}));
    return make<op::v1::Add>(scale, weights.get(name + ".bias", {width}));
}

Value activation(const Value& x, const std::string& name) {
    if (name == "gelu") return make<op::v7::Gelu>(x, op::GeluApproximationMode::ERF);
    if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh") {
        return make<op::v7::Gelu>(x, op::GeluApproximationMode::TANH);
    }
    if (name == "relu") return make<op::v0::Relu>(x);
    if (name == "silu" || name == "swish") return make<op::v4::Swish>(x);
    if (name == "tanh") return make<op::v0::Tanh>(x);
    throw Error(ErrorCode::ModelUnsupported,
                "The activation '" + name +
                    "' is not supported; gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, "
                    "silu, swish and tanh are.");
}

Value additive_mask(const Value& attention_mask) {
    const Value as_float = make<op::v0::Convert>(attention_mask, ov::element::f32);
    const Value padding = make<op::v1::Subtract>(constant(1.0F), as_float);
    const Value additive = make<op::v1::Multiply>(padding, constant(std::numeric_limits<float>::lowest()));
    return make<op::v0::Unsqueeze>(additive, constant(std::vector<int64_t>{1, 2}));
}

Value self_attention(const Value& x, const Value& mask, const Weights& weights, const std::string& name,
                     AttentionShape shape) {
    const auto project = [&](const std::string& part, float scale) {
        return split_heads(linear(x, weights, name + "." + part, shape.hidden, shape.hidden, scale), shape);
    };
    const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape.head_width())));
    const Value query = project("query", scale);
    const Value key = project("key", 1);
    const Value value = project("value", 1);
    const Value scores = make<op::v1::Add>(make<op::v0::MatMul>(query, key, false, true), mask);
    const Value weighted = make<op::v0::MatMul>(make<op::v8::Softmax>(scores, -1), value);
    return merge_heads(weighted, shape);
}

}  // namespace ovembed::graph
