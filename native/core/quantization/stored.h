// What a model's file holds already, whoever quantised it.
#pragma once

#include <openvino/core/model.hpp>

namespace ovembed::quantization {

enum class Stored : uint32_t {
    None,     // floating point
    Weights,  // weights in 8 bits or fewer
    Static,   // activations as well, with ranges that were calibrated
};

Stored stored(const ov::Model& model);

}  // namespace ovembed::quantization
