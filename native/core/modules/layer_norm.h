// sentence_transformers' LayerNorm (torch.nn.LayerNorm with its default ε, 1e-5).
#pragma once

#include <string>

#include "core/modules/module.h"

namespace ovembed {

struct LayerNormOptions {
    std::string file;  // the module's model.safetensors: norm.weight and norm.bias, [dimension] each
    size_t dimension = 0;
};

class LayerNorm : public Module {
public:
    // Throws what ModuleWeights throws.
    explicit LayerNorm(const LayerNormOptions& options);

    size_t width_after(size_t width) const override;
    void apply(Vectors& vectors) const override;

private:
    std::vector<float> m_weight;
    std::vector<float> m_bias;
};

}  // namespace ovembed
