// The part of a transformer's layer that works on every token alone. x is [B, S, hidden], and so is the result.
#pragma once

#include <string>

#include "core/graph/layers.h"

namespace ovembed::graph {

struct FeedForward {
    size_t hidden, intermediate;
    std::string activation;
    Bias inner_bias = Bias::Yes;
    Bias outer_bias = Bias::Yes;
};

// down(act(up(x))) (Vaswani et al. 2017), by the names of the projections.
Value feed_forward(const Value& x, const Weights& weights, const std::string& up, const std::string& down,
                   const FeedForward& config);

// Gated (Shazeer 2020): down(act(gate(x)) · up(x)).
struct GatedNames {
    std::string gate, up, down;
};
Value gated_feed_forward(const Value& x, const Weights& weights, const GatedNames& names, const FeedForward& config);

// The same with gate and up stored as one projection `both`, in which the gate is half 0 or 1.
Value packed_feed_forward(const Value& x, const Weights& weights, const std::string& both, size_t gate,
                          const std::string& down, const FeedForward& config);

}  // namespace ovembed::graph
