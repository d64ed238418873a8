// Activations in 8 bits that are quantised as they come.
#pragma once

#include <openvino/core/model.hpp>

namespace ovembed::quantization {

// How many values of a token share a factor, which has to divide the input widths of all products of 8-bit weights:
// where it does not, the CPU plugin leaves a product in floating point without a word. Throws InvalidArgument where
// none does.
uint64_t activation_group(const ov::Model& model);

}  // namespace ovembed::quantization
