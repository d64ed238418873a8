// Weights in 8 bits: a quarter of the memory, and integer arithmetic where the device quantises activations as well.
#pragma once

#include <openvino/core/model.hpp>
#include <string>

#include "core/quantization/products.h"

namespace ovembed::quantization {

// Replaces every weight matrix of a product, [out, in], and the table that the token ids are looked up in, [rows,
// width], by whole numbers from -127 to 127 and a factor per output channel (per row of the table): symmetric, so that
// zero stays zero, and by the largest absolute value of the channel. Devices keep the whole numbers in memory and
// multiply where they are used. What several products share, layers of ALBERT for one, stays shared. Weights that are
// quantised already, and products of two activations, stay as they are.
void quantize_weights(ov::Model& model);

// A matrix [count, length] in that form, computed as f32: the pattern that devices keep compressed.
ov::Output<ov::Node> compressed(const Channels& matrix, const std::string& name);

// Gives the same weights another floating-point type.
void store_weights(ov::Model& model, ov::element::Type type);

}  // namespace ovembed::quantization
