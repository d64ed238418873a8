// Vectors that stand for several: of the windows or chunks of a text, or of the tokens of a chunk.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ovembed {

// Rows [first, first + count) of a matrix.
struct RowRun {
    size_t first;
    size_t count;
};

// Writes the mean of a run of rows, each row-major with `dimensions` values, to out[0 .. dimensions); rows count by
// their weights (null: each once). Sums are kept in f64. No rows, or none that weighs anything, give zeros.
void pool_rows(const float* rows, size_t dimensions, RowRun run, const uint32_t* weights, double* sums, float* out);

}  // namespace ovembed
