// The encoder layers of the original transformer (Vaswani et al. 2017), in which BERT and its kin agree up to the names
// of their tensors: attention, then feed-forward, each followed by the sum with its input and layer normalisation.
#pragma once

#include <string>

#include "core/graph/attention.h"
#include "core/json.h"

namespace ovembed::graph {

struct PostNormConfig {
    size_t hidden = 768;
    size_t heads = 12;
    size_t layers = 12;
    size_t intermediate = 3072;
    double epsilon = 1e-12;
    std::string activation = "gelu";
};

// The keys of BERT's config.json, with defaults for those that are missing. Throws ModelInvalid, and ModelUnsupported
// for position_embedding_type other than "absolute" and for decoders.
PostNormConfig post_norm_config(const Json& config, const PostNormConfig& defaults = {});

// Names of tensors inside a layer; these are BERT's.
struct PostNormNames {
    AttentionNames attention{"attention.self.query", "attention.self.key", "attention.self.value"};
    std::string attention_output = "attention.output.dense";
    std::string attention_norm = "attention.output.LayerNorm";
    std::string inner = "intermediate.dense";
    std::string outer = "output.dense";
    std::string norm = "output.LayerNorm";
};

// The layer whose tensors are under `name`; x is [B, S, hidden], `bias` as for attend().
Value post_norm_layer(const Value& x, const Value& bias, const Weights& weights, const std::string& name,
                      const PostNormConfig& config, const PostNormNames& names = {});

// All layers, with their tensors under `name`.0, `name`.1 …
Value post_norm_layers(const Value& x, const Value& bias, const Weights& weights, const std::string& name,
                       const PostNormConfig& config, const PostNormNames& names = {});

}  // namespace ovembed::graph
