// Ranges of activations, found by running a model over texts.
#pragma once

#include <openvino/core/model.hpp>
#include <vector>

#include "core/batch.h"

namespace ovembed::quantization {

// Of one input of products, by channel [length]: the largest absolute value that a token had.
using ChannelRange = std::vector<float>;

// The ranges of `weighted_products(model)`, in that order, in f32 on the CPU over all batches. Only tokens count, not
// padding, where the activations are [rows, tokens, length]. Throws Error.
std::vector<ChannelRange> calibrate(const ov::Model& model, const std::vector<Batch>& batches);

}  // namespace ovembed::quantization
