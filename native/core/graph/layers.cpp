#include "core/graph/layers.h"

#include "core/error.h"

namespace ovembed::graph {
namespace {

Value project(const Value& x, const Value& weight, const Value* bias, float scale) {
    const Value product = make<op::v0::MatMul>(x, scaled(weight, scale), false, true);
    return bias == nullptr ? product : product + scaled(*bias, scale);
}

}  // namespace

Value linear(const Value& x, const Weights& weights, const std::string& name, size_t in, size_t out, float scale,
             Bias bias) {
    return linear_part(x, weights, name, 0, 1, in, out, scale, bias);
}

Value linear_part(const Value& x, const Weights& weights, const std::string& name, size_t part, size_t parts, size_t in,
                  size_t out, float scale, Bias bias) {
    const Value weight = weights.get_rows(name + ".weight", {parts * out, in}, part * out, out);
    if (bias == Bias::No) return project(x, weight, nullptr, scale);
    const Value offset = weights.get_rows(name + ".bias", {parts * out}, part * out, out);
    return project(x, weight, &offset, scale);
}

Value layer_norm(const Value& x, const Weights& weights, const std::string& name, size_t width, double epsilon,
                 Bias bias) {
    const Value normalised = make<op::v6::MVN>(x, constant(std::vector<int64_t>{-1}), true, static_cast<float>(epsilon),
                                               op::MVNEpsMode::INSIDE_SQRT);
    // Checkpoints that were made from TensorFlow's keep its names; transformers renames them as it loads.
    const bool is_old = weights.has(name + ".gamma");
    const Value scaled = normalised * weights.get(name + (is_old ? ".gamma" : ".weight"), {width});
    return bias == Bias::No ? scaled : scaled + weights.get(name + (is_old ? ".beta" : ".bias"), {width});
}

// Written as the runtime's RMSFusion looks for it.
Value rms_norm(const Value& x, const Value& gain, double epsilon) {
    const Value squares = make<op::v1::Power>(x, constant(2.0F));
    const Value mean = make<op::v1::ReduceMean>(squares, constant(std::vector<int64_t>{-1}), true);
    const Value root = make<op::v0::Sqrt>(mean + constant(static_cast<float>(epsilon)));
    return x * make<op::v1::Divide>(constant(1.0F), root) * gain;
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

Value token_embeddings(const Value& input_ids, const Weights& weights, const std::string& name, size_t vocabulary,
                       size_t width) {
    return look_up(weights.get(name + ".weight", {vocabulary, width}), input_ids);
}

}  // namespace ovembed::graph
