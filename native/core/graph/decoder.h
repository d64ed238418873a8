// What Llama (Touvron et al. 2023, arXiv:2302.13971) and its kin have in common, by the names that transformers gives
// the parts. They were trained to write on, and are used as encoders.
#pragma once

#include <functional>
#include <string>

#include "core/graph/attention.h"
#include "core/json.h"

namespace ovembed::graph {

// What of config.json all of them have.
struct DecoderSizes {
    size_t hidden, heads, key_value_heads, head_width, layers, intermediate, vocabulary, positions;

    // Throws ModelInvalid unless heads is a multiple of key_value_heads.
    void check(const Json& config) const;
};

// Normalises the queries or keys of each head, by the name of the gain, and multiplies them.
using HeadNorm = std::function<Value(const Value& heads, const std::string& name, float scale)>;

struct DecoderAttention {
    float scale;  // of the scores
    Bias input_bias = Bias::No;
    Bias output_bias = Bias::No;
    HeadNorm norm;  // none if empty
};

// Grouped-query attention with rotary positions, x [B, S, hidden] to [B, S, hidden], by the projections `name`.q_proj,
// k_proj, v_proj and o_proj, and the gains q_norm and k_norm.
Value decoder_attention(const Value& x, const View& view, const Weights& weights, const std::string& name,
                        const DecoderSizes& sizes, const DecoderAttention& attention);

// gated_feed_forward() by the projections `name`.gate_proj, up_proj and down_proj, without biases.
Value decoder_feed_forward(const Value& x, const Weights& weights, const std::string& name, const DecoderSizes& sizes,
                           const std::string& activation);

}  // namespace ovembed::graph
