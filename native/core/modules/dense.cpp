#include "core/modules/dense.h"

#include <algorithm>

#include "core/error.h"
#include "core/modules/module_weights.h"

namespace ovembed {
namespace {

// Outputs that are computed side by side. Their weights stand beside each other, input by input ("panel"), so that the
// compiler turns the sums into vector instructions without being allowed to change the order of any sum. As many as
// fit into the registers of every x86-64 and ARM64 CPU.
constexpr size_t kPanel = 32;

// Products that are summed in f32 before the sum goes into an f64.
constexpr size_t kBlock = 16;

size_t panels_of(size_t outputs) { return (outputs + kPanel - 1) / kPanel; }

// [out, in] to [panel][in][kPanel]; outputs that fill up the last panel have zeros.
std::vector<float> to_panels(const std::vector<float>& weight, size_t in, size_t out) {
    std::vector<float> panels(panels_of(out) * in * kPanel);
    for (size_t o = 0; o < out; ++o) {
        float* panel = panels.data() + o / kPanel * in * kPanel;
        for (size_t i = 0; i < in; ++i) panel[i * kPanel + o % kPanel] = weight[o * in + i];
    }
    return panels;
}

// The products of one vector with the outputs of a panel.
void multiply(const float* panel, const float* vector, size_t in, double* sums) {
    std::fill_n(sums, kPanel, 0.0);
    for (size_t begin = 0; begin < in; begin += kBlock) {
        float block[kPanel] = {};
        const size_t end = std::min(begin + kBlock, in);
        for (size_t i = begin; i < end; ++i) {
            const float value = vector[i];
            const float* weights = panel + i * kPanel;
            for (size_t o = 0; o < kPanel; ++o) block[o] += value * weights[o];
        }
        for (size_t o = 0; o < kPanel; ++o) sums[o] += static_cast<double>(block[o]);
    }
}

}  // namespace

Dense::Dense(const DenseOptions& options)
    : m_in(options.in_features), m_out(options.out_features), m_activation(options.activation) {
    const ModuleWeights weights(options.file);
    m_weight = to_panels(weights.read("linear.weight", {m_out, m_in}), m_in, m_out);
    if (options.bias) m_bias = weights.read("linear.bias", {m_out});
    if (!options.bias && weights.has("linear.bias")) {
        throw Error(ErrorCode::ModelInvalid, options.file +
                                                 " has a tensor 'linear.bias', but the module's config.json "
                                                 "says that there is no bias.");
    }
}

size_t Dense::width_after(size_t width) const {
    if (width == m_in) return m_out;
    throw Error(ErrorCode::ModelInvalid, "The Dense module takes vectors of " + std::to_string(m_in) +
                                             " dimensions, but gets " + std::to_string(width) + ".");
}

// Panel by panel, as one panel stays in the cache for all rows of a batch.
void Dense::apply(Vectors& vectors) const {
    Vectors result{m_out, std::vector<float>(vectors.rows() * m_out)};
    double sums[kPanel];
    for (size_t panel = 0; panel < panels_of(m_out); ++panel) {
        const size_t first = panel * kPanel;
        const size_t outputs = std::min(kPanel, m_out - first);
        for (size_t row = 0; row < vectors.rows(); ++row) {
            multiply(m_weight.data() + panel * m_in * kPanel, vectors.data.data() + row * m_in, m_in, sums);
            float* out = result.data.data() + row * m_out + first;
            for (size_t o = 0; o < outputs; ++o)
                out[o] = static_cast<float>(m_bias.empty() ? sums[o] : sums[o] + m_bias[first + o]);
        }
    }
    activate(m_activation, result.data.data(), result.data.size());
    vectors = std::move(result);
}

}  // namespace ovembed
