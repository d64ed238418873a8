// poolVectors: means of vectors in JavaScript's own memory, on its own thread.
#pragma once

#include "addon/napi_setup.h"

namespace ovembed {

// Takes (vectors, target, { dimensions, starts, lengths, weights, normalize }) and throws a TypeError unless all sizes
// fit together.
Napi::Value pool_vectors(const Napi::CallbackInfo& info);

}  // namespace ovembed
