#include "core/modules/layer_norm.h"

#include <cmath>

#include "core/error.h"
#include "core/modules/module_weights.h"

namespace ovembed {
namespace {

constexpr double kEpsilon = 1e-5;

}  // namespace

LayerNorm::LayerNorm(const LayerNormOptions& options) {
    const ModuleWeights weights(options.file);
    m_weight = weights.read("norm.weight", {options.dimension});
    m_bias = weights.read("norm.bias", {options.dimension});
}

size_t LayerNorm::width_after(size_t width) const {
    if (width == m_weight.size()) return width;
    throw Error(ErrorCode::ModelInvalid, "The LayerNorm module takes vectors of " + std::to_string(m_weight.size()) +
                                             " dimensions, but gets " + std::to_string(width) + ".");
}

void LayerNorm::apply(Vectors& vectors) const {
    const size_t width = vectors.width;
    for (size_t row = 0; row < vectors.rows(); ++row) {
        float* vector = vectors.data.data() + row * width;
        double sum = 0;
        for (size_t d = 0; d < width; ++d) sum += vector[d];
        const double mean = sum / static_cast<double>(width);
        double squares = 0;
        for (size_t d = 0; d < width; ++d) squares += (vector[d] - mean) * (vector[d] - mean);
        const double scale = 1.0 / std::sqrt(squares / static_cast<double>(width) + kEpsilon);
        for (size_t d = 0; d < width; ++d)
            vector[d] = static_cast<float>((vector[d] - mean) * scale * m_weight[d] + m_bias[d]);
    }
}

}  // namespace ovembed
