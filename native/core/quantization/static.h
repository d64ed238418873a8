// Activations in 8 bits with ranges that are found beforehand: integer products without work per batch.
#pragma once

#include <openvino/core/model.hpp>

#include "core/quantization/calibration.h"

namespace ovembed::quantization {

// Quantises all weights (quantize_weights), and the activations before products of weights by their calibrated ranges,
// of which one goes with each of `weighted_products(model)`. Channels of activations that are much larger than others
// would leave those few steps: each is divided by a factor, and the weights that meet it are multiplied by the same
// (SmoothQuant, Xiao et al. 2023).
void quantize_statically(ov::Model& model, const std::vector<ChannelRange>& ranges);

}  // namespace ovembed::quantization
