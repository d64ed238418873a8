#include "core/graph/decoder.h"

#include "core/error.h"
#include "core/graph/feed_forward.h"

namespace ovembed::graph {

void DecoderSizes::check(const Json& config) const {
    if (heads % key_value_heads == 0) return;
    throw Error(ErrorCode::ModelInvalid, config.name() + ": " + std::to_string(heads) +
                                             " num_attention_heads are no multiple of " +
                                             std::to_string(key_value_heads) + " num_key_value_heads.");
}

Value decoder_attention(const Value& x, const View& view, const Weights& weights, const std::string& name,
                        const DecoderSizes& sizes, const DecoderAttention& attention) {
    const size_t width = sizes.head_width;
    const auto project = [&](const std::string& part, size_t heads, float scale) {
        return split_heads(
            linear(x, weights, name + "." + part, sizes.hidden, heads * width, scale, attention.input_bias), heads,
            width);
    };
    Value query = project("q_proj", sizes.heads, attention.norm ? 1 : attention.scale);
    Value key = project("k_proj", sizes.key_value_heads, 1);
    if (attention.norm) {
        query = attention.norm(query, name + ".q_norm", attention.scale);
        key = attention.norm(key, name + ".k_norm", 1);
    }
    const size_t group = sizes.heads / sizes.key_value_heads;
    const Heads heads{rotate(query, view.rotary, width),
                      repeat_heads(rotate(key, view.rotary, width), sizes.key_value_heads, group),
                      repeat_heads(project("v_proj", sizes.key_value_heads, 1), sizes.key_value_heads, group)};
    const Value merged = merge_heads(attend(heads, view.mask, scores_for(sizes.positions)), sizes.heads, width);
    return linear(merged, weights, name + ".o_proj", sizes.heads * width, sizes.hidden, 1, attention.output_bias);
}

Value decoder_feed_forward(const Value& x, const Weights& weights, const std::string& name, const DecoderSizes& sizes,
                           const std::string& activation) {
    return gated_feed_forward(x, weights, {name + ".gate_proj", name + ".up_proj", name + ".down_proj"},
                              {sizes.hidden, sizes.intermediate, activation, Bias::No, Bias::No});
}

}  // namespace ovembed::graph
