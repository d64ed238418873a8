// Attention with linear biases (Press et al. 2021, "Train Short, Test Long"), the symmetric form for encoders.
#pragma once

#include <vector>

#include "core/graph/ops.h"

namespace ovembed::graph {

// One slope per head: 2^(−8i / n) for i = 1 … n, n a power of two. For other counts, those of the largest power of two
// below, then every second one of the next power, as the authors' code has it.
std::vector<float> alibi_slopes(size_t heads);

// −slope · |i − j| for query i and key j: [1, heads, S, S], with `length` i64 [1]. Computed in the graph rather than
// looked up in a table, as the product and the sum with a mask then make one tensor of that size and not two (3.2 GB
// each for 8,192 tokens and 12 heads). Distances are subtracted as integers, which no precision rounds.
Value alibi_bias(size_t heads, const Value& length);

}  // namespace ovembed::graph
