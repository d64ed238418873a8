#include "core/graph/layer_types.h"

#include "core/error.h"
#include "core/graph/encoder.h"

namespace ovembed::graph {
namespace {

constexpr size_t kMostLayers = 10000;

}  // namespace

std::vector<bool> windowed_layers(const Json& config, size_t layers, const std::function<bool(size_t)>& fallback) {
    std::vector<bool> windowed;
    if (layers > kMostLayers) {
        throw Error(ErrorCode::ModelInvalid, config.name() + ": no model has " + std::to_string(layers) + " layers.");
    }
    if (!config.has("layer_types")) {
        for (size_t i = 0; i < layers; ++i) windowed.push_back(fallback(i));
        return windowed;
    }
    for (const std::string& type : config.texts("layer_types")) {
        if (type != "sliding_attention" && type != "full_attention") {
            refuse(config, "layer_types '" + type + "'", "full_attention and sliding_attention are");
        }
        windowed.push_back(type == "sliding_attention");
    }
    if (windowed.size() == layers) return windowed;
    throw Error(ErrorCode::ModelInvalid, config.name() + ": expected " + std::to_string(layers) +
                                             " layer_types, found " + std::to_string(windowed.size()) + ".");
}

}  // namespace ovembed::graph
