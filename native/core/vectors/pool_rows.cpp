#include "core/vectors/pool_rows.h"

#include <algorithm>

namespace ovembed {

void pool_rows(const float* rows, size_t dimensions, RowRun run, const uint32_t* weights, double* sums, float* out) {
    std::fill_n(sums, dimensions, 0.0);
    double total = 0;
    for (size_t row = run.first; row < run.first + run.count; ++row) {
        const double weight = weights == nullptr ? 1.0 : weights[row];
        const float* values = rows + row * dimensions;
        for (size_t d = 0; d < dimensions; ++d) sums[d] += weight * static_cast<double>(values[d]);
        total += weight;
    }
    // Divided, not scaled: so a single row comes out as it went in, to the last bit.
    for (size_t d = 0; d < dimensions; ++d) out[d] = total == 0 ? 0.0F : static_cast<float>(sums[d] / total);
}

}  // namespace ovembed
