// The encoder of T5 (Raffel et al. 2020, arXiv:1910.10683), as transformers' T5EncoderModel computes it, and of mT5
// (Xue et al. 2021), which differs in defaults, and umT5 (Chung et al. 2023), whose layers have a position bias each.
#include "core/error.h"
#include "core/graph/architectures.h"
#include "core/graph/attention.h"
#include "core/graph/encoder.h"
#include "core/graph/feed_forward.h"
#include "core/graph/masks.h"
#include "core/graph/positions.h"

namespace ovembed::graph {
namespace {

enum class PositionBias { Shared, PerLayer };

struct T5Config {
    size_t width, head_width, heads, layers, intermediate, vocabulary;
    int64_t buckets, max_distance;
    double norm_epsilon;
    bool gated;
    std::string activation;
    PositionBias position_bias;

    // Defaults of transformers: those of T5Config, or of MT5Config and UMT5Config, which are alike.
    T5Config(const Json& json, bool multilingual, PositionBias bias)
        : width(json.size("d_model", 512)),
          head_width(json.size("d_kv", 64)),
          heads(json.size("num_heads", multilingual ? 6 : 8)),
          layers(json.size("num_layers", multilingual ? 8 : 6)),
          intermediate(json.size("d_ff", multilingual ? 1024 : 2048)),
          vocabulary(json.size("vocab_size", multilingual ? 250112 : 32128)),
          buckets(static_cast<int64_t>(json.size("relative_attention_num_buckets", 32))),
          max_distance(static_cast<int64_t>(json.size("relative_attention_max_distance", 128))),
          norm_epsilon(epsilon(json, "layer_norm_epsilon", 1e-6)),
          position_bias(bias) {
        require(json, "is_decoder", false);
        check_buckets(json);
        // "gated-gelu" has always meant gelu_new, for the sake of the checkpoints.
        const std::string kind = json.text("feed_forward_proj", multilingual ? "gated-gelu" : "relu");
        gated = kind.rfind("gated-", 0) == 0;
        activation = kind == "gated-gelu" ? "gelu_new" : kind.substr(gated ? 6 : 0);
    }

private:
    void check_buckets(const Json& json) const {
        constexpr int64_t kFarthest = 1 << 16;  // 500 times the published ones
        if (buckets >= 4 && max_distance > buckets / 4 && max_distance <= kFarthest) return;
        throw Error(ErrorCode::ModelInvalid,
                    json.name() + ": relative_attention_num_buckets " + std::to_string(buckets) +
                        " is less than 4, or relative_attention_max_distance " + std::to_string(max_distance) +
                        " is not between a quarter of it and " + std::to_string(kFarthest) + ".");
    }
};

// [1, heads, S, S] from the embedding of buckets that a layer holds.
Value position_bias(const Value& length, const Weights& weights, const std::string& layer, const T5Config& config) {
    const Value table = weights.get(layer + ".0.SelfAttention.relative_attention_bias.weight",
                                    {static_cast<size_t>(config.buckets), config.heads});
    const auto bucket = [&](int64_t distance) { return t5_bucket(distance, config.buckets, config.max_distance); };
    return distance_bias(bucket_rows(table, config.max_distance, bucket), config.max_distance, length);
}

Value norm(const Value& x, const Weights& weights, const std::string& name, const T5Config& config) {
    return rms_norm(x, weights.get(name + ".weight", {config.width}), config.norm_epsilon);
}

// The scores are not scaled: the published weights are.
Value attention(const Value& x, const Value& bias, const Weights& weights, const std::string& name,
                const T5Config& config) {
    const size_t inner = config.heads * config.head_width;
    const auto project = [&](const std::string& part) {
        return split_heads(linear(x, weights, name + part, config.width, inner, 1, Bias::No), config.heads,
                           config.head_width);
    };
    const Value attended = attend(project(".q"), project(".k"), project(".v"), bias);
    return linear(merge_heads(attended, config.heads, config.head_width), weights, name + ".o", inner, config.width, 1,
                  Bias::No);
}

Value feed_forward(const Value& x, const Weights& weights, const std::string& name, const T5Config& config) {
    const FeedForward sizes{config.width, config.intermediate, config.activation, Bias::No, Bias::No};
    if (!config.gated) return feed_forward(x, weights, name + ".wi", name + ".wo", sizes);
    return gated_feed_forward(x, weights, {name + ".wi_0", name + ".wi_1", name + ".wo"}, sizes);
}

std::shared_ptr<ov::Model> build(const T5Config& config, std::shared_ptr<const Safetensors> file) {
    const Weights weights(std::move(file), "transformer.", "encoder.final_layer_norm.weight");
    // One embedding under two names, of which a checkpoint may have either.
    const std::string embedding = weights.has("shared.weight") ? "shared" : "encoder.embed_tokens";
    return encoder("t5", [&](const EncoderInputs& inputs) {
        const Value mask = additive_mask(inputs.attention_mask);
        Value hidden = token_embeddings(inputs.input_ids, weights, embedding, config.vocabulary, config.width);
        Value bias;
        for (size_t i = 0; i < config.layers; ++i) {
            const std::string layer = "encoder.block." + std::to_string(i) + ".layer";
            if (i == 0 || config.position_bias == PositionBias::PerLayer) {
                bias = position_bias(inputs.length, weights, layer, config) + mask;
            }
            hidden = hidden + attention(norm(hidden, weights, layer + ".0.layer_norm", config), bias, weights,
                                        layer + ".0.SelfAttention", config);
            hidden = hidden + feed_forward(norm(hidden, weights, layer + ".1.layer_norm", config), weights,
                                           layer + ".1.DenseReluDense", config);
        }
        return norm(hidden, weights, "encoder.final_layer_norm", config);
    });
}

}  // namespace

std::shared_ptr<ov::Model> build_t5(const Json& json, std::shared_ptr<const Safetensors> file) {
    return build(T5Config(json, false, PositionBias::Shared), std::move(file));
}

std::shared_ptr<ov::Model> build_mt5(const Json& json, std::shared_ptr<const Safetensors> file) {
    return build(T5Config(json, true, PositionBias::Shared), std::move(file));
}

std::shared_ptr<ov::Model> build_umt5(const Json& json, std::shared_ptr<const Safetensors> file) {
    return build(T5Config(json, true, PositionBias::PerLayer), std::move(file));
}

}  // namespace ovembed::graph
