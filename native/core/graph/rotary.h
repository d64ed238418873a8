// Rotary position embeddings (Su et al. 2021, RoFormer).
#pragma once

#include <vector>

#include "core/graph/ops.h"

namespace ovembed::graph {

// cos and sin of every position and frequency, f32 [1, 1, S, width]; both halves of a row are alike.
struct Rotary {
    Value cos;
    Value sin;
};

// base^(−2i / width) for i = 0 … width / 2 − 1, in f32 as transformers computes them; width is even.
std::vector<float> rotary_frequencies(size_t width, double base);

// Tables for positions 0 … length − 1, with `length` i64 [1]. They are constants for `positions` positions rather than
// computed in the graph, where a lower precision would round the angles. `scale` multiplies cos and sin. Throws
// ModelUnsupported for more than 2^24 values in a table (64 MB; 131,072 positions of width 256).
Rotary rotary(const std::vector<float>& frequencies, size_t positions, const Value& length, float scale = 1);

// Rotates x [B, heads, S, width]: pairs (i, i + width / 2), as in GPT-NeoX and Llama ("rotate half").
Value rotate(const Value& x, const Rotary& rotary, size_t width);

// Rotates the first `rotated` columns of each head, as rotate() does; the others stay.
Value rotate_part(const Value& x, const Rotary& rotary, size_t rotated, size_t width);

}  // namespace ovembed::graph
