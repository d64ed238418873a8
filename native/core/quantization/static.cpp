#include "core/quantization/static.h"

#include <algorithm>
#include <cmath>
#include <openvino/op/ops.hpp>

#include "core/quantization/weights.h"

namespace ovembed::quantization {
namespace {

namespace op = ov::op;
using op::v0::Constant;

// How much of the difference between channels goes from the activations to the weights: 0 none, 1 all. Measured in
// docs/precision.md.
constexpr float kMigration = 0.8F;
// Of values that are zero in all texts.
constexpr float kSmallest = 1e-5F;
constexpr size_t kLevels = 256;

ov::Output<ov::Node> scalar(float value) { return Constant::create(ov::element::f32, ov::Shape{}, {value}); }

// The largest weight that each input channel meets, over all products of the input.
std::vector<float> largest_weights(const SharedInput& input, size_t length) {
    std::vector<float> largest(length, kSmallest);
    for (const auto& product : input.products) {
        const Weight weight = weight_of(*product);
        for (size_t channel = 0; channel < weight.channels.count; ++channel) {
            for (size_t i = 0; i < length; ++i)
                largest[i] = std::max(largest[i], std::fabs(weight.channels.at(channel, i)));
        }
    }
    return largest;
}

// What each channel of the activations is divided by.
std::vector<float> smoothing_factors(const SharedInput& input, const ChannelRange& range) {
    const std::vector<float> weights = largest_weights(input, range.size());
    std::vector<float> factors(range.size());
    for (size_t i = 0; i < range.size(); ++i) {
        const float factor = std::pow(std::max(range[i], kSmallest), kMigration) / std::pow(weights[i], 1 - kMigration);
        factors[i] = std::max(factor, kSmallest);
    }
    return factors;
}

// The activations divided by the factors and rounded to 256 levels from -limit to limit.
ov::Output<ov::Node> rounded(const ov::Output<ov::Node>& activations, const std::vector<float>& factors, float limit) {
    std::vector<float> inverse(factors.size());
    for (size_t i = 0; i < factors.size(); ++i) inverse[i] = 1 / factors[i];
    const auto scale = Constant::create(ov::element::f32, ov::Shape{factors.size()}, inverse);
    const auto smoothed = std::make_shared<op::v1::Multiply>(activations, scale);
    const auto high = scalar(limit);
    const auto low = scalar(-limit * 128 / 127);
    return std::make_shared<op::v0::FakeQuantize>(smoothed, low, high, low, high, kLevels);
}

void multiply_weights(op::v0::MatMul& product, const std::vector<float>& factors) {
    const Weight weight = weight_of(product);
    const size_t length = weight.channels.length;
    std::vector<float> scaled(weight.channels.count * length);
    for (size_t channel = 0; channel < weight.channels.count; ++channel) {
        for (size_t i = 0; i < length; ++i) scaled[channel * length + i] = weight.channels.at(channel, i) * factors[i];
    }
    const Channels matrix{scaled.data(), weight.channels.count, length, length, 1};
    product.input(1).replace_source_output(compressed(matrix, weight.constant->get_friendly_name()));
    product.set_transpose_b(true);
}

void quantize_input(const SharedInput& input, const ChannelRange& range) {
    const std::vector<float> factors = smoothing_factors(input, range);
    float limit = kSmallest;
    for (size_t i = 0; i < range.size(); ++i) limit = std::max(limit, range[i] / factors[i]);
    const auto activations = rounded(input.activations, factors, limit);
    for (const auto& product : input.products) {
        multiply_weights(*product, factors);
        product->input(0).replace_source_output(activations);
    }
}

}  // namespace

void quantize_statically(ov::Model& model, const std::vector<ChannelRange>& ranges) {
    const std::vector<SharedInput> inputs = weighted_products(model);
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].activations.get_element_type() == ov::element::f32) quantize_input(inputs[i], ranges[i]);
    }
    quantize_weights(model);
}

}  // namespace ovembed::quantization
