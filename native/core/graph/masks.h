// Which tokens a token may attend to.
#pragma once

#include <cstddef>
#include <limits>

#include "core/graph/ops.h"

namespace ovembed::graph {

// How far a token sees, in tokens before and after its own.
struct Reach {
    static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();
    size_t before = kUnlimited;
    size_t after = kUnlimited;

    bool unlimited() const { return before == kUnlimited && after == kUnlimited; }
};

// attention_mask [B, S] of 1 (token) and 0 (padding) to an additive f32 mask of 0 and -FLT_MAX: [B, 1, 1, S] for an
// unlimited reach, else [B, 1, S, S]. A token that sees nothing, as padding on the left of a causal model, attends to
// all alike instead of dividing by zero; nothing comes of it, as it is padding itself.
Value additive_mask(const Value& attention_mask, Reach reach = {});

}  // namespace ovembed::graph
