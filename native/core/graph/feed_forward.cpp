#include "core/graph/feed_forward.h"

namespace ovembed::graph {
namespace {

Value project_down(const Value& inner, const Weights& weights, const std::string& down, const FeedForward& config) {
    return linear(inner, weights, down, config.intermediate, config.hidden, 1, config.outer_bias);
}

}  // namespace

Value feed_forward(const Value& x, const Weights& weights, const std::string& up, const std::string& down,
                   const FeedForward& config) {
    const Value inner = linear(x, weights, up, config.hidden, config.intermediate, 1, config.inner_bias);
    return project_down(activation(inner, config.activation), weights, down, config);
}

Value gated_feed_forward(const Value& x, const Weights& weights, const GatedNames& names, const FeedForward& config) {
    const auto project = [&](const std::string& name) {
        return linear(x, weights, name, config.hidden, config.intermediate, 1, config.inner_bias);
    };
    const Value inner = activation(project(names.gate), config.activation) * project(names.up);
    return project_down(inner, weights, names.down, config);
}

Value packed_feed_forward(const Value& x, const Weights& weights, const std::string& both, size_t gate,
                          const std::string& down, const FeedForward& config) {
    const auto half = [&](size_t part) {
        return linear_part(x, weights, both, part, 2, config.hidden, config.intermediate, 1, config.inner_bias);
    };
    const Value inner = activation(half(gate), config.activation) * half(1 - gate);
    return project_down(inner, weights, down, config);
}

}  // namespace ovembed::graph
