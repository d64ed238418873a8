// sentence_transformers' Dense: activation(W x + b).
#pragma once

#include <string>

#include "core/modules/activation.h"
#include "core/modules/module.h"

namespace ovembed {

struct DenseOptions {
    std::string file;  // the module's model.safetensors: linear.weight [out, in] and, with `bias`, linear.bias [out]
    size_t in_features = 0;
    size_t out_features = 0;
    bool bias = true;
    Activation activation = Activation::Tanh;
};

class Dense : public Module {
public:
    // Throws what ModuleWeights throws; ModelInvalid for a bias in the file that the options do not know of.
    explicit Dense(const DenseOptions& options);

    size_t width_after(size_t width) const override;
    void apply(Vectors& vectors) const override;

private:
    size_t m_in;
    size_t m_out;
    Activation m_activation;
    std::vector<float> m_weight;  // in panels, see dense.cpp
    std::vector<float> m_bias;    // empty: none
};

}  // namespace ovembed
