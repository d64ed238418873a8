// quantizeVectors and dequantizeVectors: conversions in JavaScript's own memory, on its own thread.
#pragma once

#include "addon/napi_setup.h"

namespace ovembed {

// Both take (source, target, { dtype, dimensions, ranges }) and throw a TypeError unless all sizes fit together.
Napi::Value quantize_vectors(const Napi::CallbackInfo& info);
Napi::Value dequantize_vectors(const Napi::CallbackInfo& info);

}  // namespace ovembed
