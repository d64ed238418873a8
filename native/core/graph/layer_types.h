// Models whose layers differ in how far they see.
#pragma once

#include <functional>
#include <vector>

#include "core/json.h"

namespace ovembed::graph {

// Whether each of `layers` layers sees a window only: by layer_types of config.json ("sliding_attention" or
// "full_attention"), or by `fallback` for the layer's index where the key is missing. Throws ModelInvalid for another
// number of entries, ModelUnsupported for another type.
std::vector<bool> windowed_layers(const Json& config, size_t layers, const std::function<bool(size_t)>& fallback);

}  // namespace ovembed::graph
