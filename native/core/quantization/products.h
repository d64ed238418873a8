// Products of activations with weights, the operations that quantising is about.
#pragma once

#include <openvino/core/model.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/matmul.hpp>
#include <vector>

namespace ovembed::quantization {

// A weight matrix by rows of output channels, whichever way it is stored.
struct Channels {
    const float* data;
    size_t count;   // output channels
    size_t length;  // input channels
    size_t channel_stride;
    size_t value_stride;

    float at(size_t channel, size_t i) const { return data[channel * channel_stride + i * value_stride]; }
};

// Products that read the same activations [..., length].
struct SharedInput {
    ov::Output<ov::Node> activations;
    std::vector<std::shared_ptr<ov::op::v0::MatMul>> products;
};

// A product's weight matrix in f32; null where it is none: not constant, not a matrix, or in 8 bits already. `constant`
// keeps the memory.
struct Weight {
    std::shared_ptr<ov::op::v0::Constant> constant;
    Channels channels;
    explicit operator bool() const { return constant != nullptr; }
};
Weight weight_of(const ov::op::v0::MatMul& product);

// All of a model's, in the order of the graph, which is that of its clones.
std::vector<SharedInput> weighted_products(const ov::Model& model);

}  // namespace ovembed::quantization
