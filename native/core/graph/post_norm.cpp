#include "core/graph/post_norm.h"

#include "core/graph/encoder.h"
#include "core/graph/feed_forward.h"

namespace ovembed::graph {

PostNormConfig post_norm_config(const Json& config, const PostNormConfig& defaults) {
    require(config, "position_embedding_type", "absolute");
    require(config, "is_decoder", false);
    PostNormConfig result;
    result.hidden = config.size("hidden_size", defaults.hidden);
    result.heads = config.size("num_attention_heads", defaults.heads);
    result.layers = config.size("num_hidden_layers", defaults.layers);
    result.intermediate = config.size("intermediate_size", defaults.intermediate);
    result.epsilon = epsilon(config, "layer_norm_eps", defaults.epsilon);
    result.activation = config.text("hidden_act", defaults.activation);
    check_heads(config, result.hidden, result.heads);
    return result;
}

Value post_norm_layer(const Value& x, const Value& bias, const Weights& weights, const std::string& name,
                      const PostNormConfig& config, const PostNormNames& names) {
    const std::string prefix = name + ".";
    const auto norm = [&](const Value& sum, const std::string& part) {
        return layer_norm(sum, weights, prefix + part, config.hidden, config.epsilon);
    };
    const Value attended = self_attention(x, bias, weights, name, config.hidden, config.heads, names.attention);
    const Value projected = linear(attended, weights, prefix + names.attention_output, config.hidden, config.hidden);
    const Value attention = norm(projected + x, names.attention_norm);

    const Value outer = feed_forward(attention, weights, prefix + names.inner, prefix + names.outer,
                                     {config.hidden, config.intermediate, config.activation});
    return norm(outer + attention, names.norm);
}

Value post_norm_layers(const Value& x, const Value& bias, const Weights& weights, const std::string& name,
                       const PostNormConfig& config, const PostNormNames& names) {
    Value hidden = x;
    for (size_t i = 0; i < config.layers; ++i) {
        hidden = post_norm_layer(hidden, bias, weights, name + "." + std::to_string(i), config, names);
    }
    return hidden;
}

}  // namespace ovembed::graph
