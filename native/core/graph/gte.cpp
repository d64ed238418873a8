// GTE (Zhang et al. 2024, mGTE, arXiv:2407.19669), as the code published with it computes NewModel, and transformers'
// GteModel: BERT with rotary positions and a gated feed-forward.
#include <cmath>

#include "core/error.h"
#include "core/graph/architectures.h"
#include "core/graph/attention.h"
#include "core/graph/embeddings.h"
#include "core/graph/feed_forward.h"
#include "core/graph/masks.h"
#include "core/graph/rope_parameters.h"
#include "core/graph/rotary.h"

namespace ovembed::graph {
namespace {

// Defaults are those of the published NewConfig.
struct GteConfig {
    size_t hidden, heads, layers, intermediate, vocabulary, positions, types;
    double layer_norm_epsilon;
    std::string activation;
    bool packed, rms, rotary, scaled_by_length, scaled_up_only;
    std::vector<float> frequencies;

    explicit GteConfig(const Json& json)
        : hidden(json.size("hidden_size", 768)),
          heads(json.size("num_attention_heads", 12)),
          layers(json.size("num_hidden_layers", 12)),
          intermediate(json.size("intermediate_size", 3072)),
          vocabulary(json.size("vocab_size", 30528)),
          positions(json.size("max_position_embeddings", 2048)),
          types(json.count("type_vocab_size", 1)),
          layer_norm_epsilon(epsilon(json, "layer_norm_eps", 1e-12)),
          activation(json.text("hidden_act", "gelu")),
          packed(json.boolean("pack_qkv", true)),
          rms(one_of(json, "layer_norm_type", {"layer_norm", "rms_norm"}) == "rms_norm"),
          rotary(one_of(json, "position_embedding_type", {"rope", "absolute"}) == "rope"),
          scaled_by_length(json.boolean("logn_attention_scale", false)),
          scaled_up_only(json.boolean("logn_attention_clip1", false)) {
        check_heads(json, hidden, heads);
        if (rotary) frequencies = read_frequencies(json);
    }

    size_t head_width() const { return hidden / heads; }

private:
    std::vector<float> read_frequencies(const Json& json) const {
        const double default_theta = json.text("model_type", "new") == "gte" ? 160000 : 10000;
        if (json.text("rope_scaling/type", "") != "ntk")
            return rope_frequencies(json, {"", "rope_theta", default_theta}, head_width());
        return ntk_frequencies(json, json.number("rope_theta", default_theta));
    }

    // Scaled by a fixed factor k for all rows (Su 2023, kexue.fm/archives/9706), fixed or mixed: for i = 0 … d/2 − 1,
    //   fixed  (k · base)^(−2i/d) / k^(2/d)
    //   mixed  base^(−2i/d) / exp(a · (i + 1)^b) with a = ln k / (d/2)^b
    std::vector<float> ntk_frequencies(const Json& json, double base) const {
        const double factor = json.number("rope_scaling/factor", 0);
        check_rope(json, head_width(), base);
        if (!(factor >= 1))
            throw Error(ErrorCode::ModelInvalid, json.name() + ": expected a factor of at least 1 in rope_scaling.");
        const auto half = static_cast<double>(head_width()) / 2;
        if (factor == 1) return rotary_frequencies(head_width(), base);
        const bool mixed = json.has("rope_scaling/mixed_b");
        const double b = json.number("rope_scaling/mixed_b", 0);
        auto values = rotary_frequencies(head_width(), mixed ? base : base * factor);
        for (size_t i = 0; i < values.size(); ++i) {
            const double a = std::log(factor) / std::pow(half, b);
            const double divisor =
                mixed ? std::exp(a * std::pow(static_cast<double>(i + 1), b)) : std::pow(factor, 1 / half);
            values[i] = static_cast<float>(values[i] / divisor);
        }
        return values;
    }
};

Value embeddings(const EncoderInputs& inputs, const Weights& weights, const GteConfig& config) {
    const EmbeddingConfig words{config.vocabulary, config.positions, config.types, config.hidden,
                                config.layer_norm_epsilon};
    return config.rotary ? embeddings_without_positions(inputs, weights, words) : embeddings(inputs, weights, words);
}

// Attention scaled by ln(tokens) / ln(positions), so that its entropy does not grow with the length
// (Su 2021, kexue.fm/archives/8823): f32 [B, 1, 1, 1]. A table, as a lower precision would round the count of tokens.
Value length_scale(const Value& attention_mask, const GteConfig& config) {
    std::vector<float> scales;
    for (size_t tokens = 0; tokens <= config.positions; ++tokens) {
        const auto count = static_cast<float>(std::max<size_t>(tokens, 1));
        const float scale = std::log(count) / std::log(static_cast<float>(config.positions));
        scales.push_back(config.scaled_up_only ? std::max(scale, 1.0F) : scale);
    }
    const Value tokens = make<op::v1::ReduceSum>(attention_mask, constant(std::vector<int64_t>{1}), true);
    const Value rows = look_up(constant(ov::Shape{scales.size()}, scales), tokens);
    return make<op::v0::Unsqueeze>(rows, constant(std::vector<int64_t>{2, 3}));
}

Value attention(const Value& x, const View& view, const Value& length_scale, const Weights& weights,
                const std::string& name, const GteConfig& config) {
    Heads heads = config.packed
                      ? packed_heads(x, weights, name + ".qkv_proj", config.hidden, config.heads, Bias::Yes)
                      : separate_heads(x, weights, name, config.hidden, config.heads, {"q_proj", "k_proj", "v_proj"});
    if (config.rotary) heads = rotated(heads, view.rotary, config.head_width());
    if (config.scaled_by_length) heads.query = heads.query * length_scale;
    const Value merged =
        merge_heads(attend(heads, view.mask, scores_for(config.positions)), config.heads, config.head_width());
    return linear(merged, weights, name + ".o_proj", config.hidden, config.hidden);
}

Value feed_forward(const Value& x, const Weights& weights, const std::string& name, const GteConfig& config) {
    return packed_feed_forward(x, weights, name + ".up_gate_proj", 1, name + ".down_proj",
                               {config.hidden, config.intermediate, config.activation, Bias::No});
}

}  // namespace

std::shared_ptr<ov::Model> build_gte(const Json& json, std::shared_ptr<const Safetensors> file) {
    const GteConfig config(json);
    const Weights weights(std::move(file), "new.", "embeddings.word_embeddings.weight");
    const auto norm = [&](const Value& x, const std::string& name) {
        if (config.rms) return rms_norm(x, weights.get(name + ".weight", {config.hidden}), config.layer_norm_epsilon);
        return layer_norm(x, weights, name, config.hidden, config.layer_norm_epsilon);
    };
    return encoder("gte", [&](const EncoderInputs& inputs) {
        View view{additive_mask(inputs.attention_mask), {}};
        if (config.rotary) view.rotary = rotary(config.frequencies, config.positions, inputs.length);
        Value hidden = embeddings(inputs, weights, config);  // checks the positions, of which there is a table below
        const Value scale = config.scaled_by_length ? length_scale(inputs.attention_mask, config) : Value();
        for (size_t i = 0; i < config.layers; ++i) {
            const std::string name = "encoder.layer." + std::to_string(i);
            hidden =
                norm(attention(hidden, view, scale, weights, name + ".attention", config) + hidden, name + ".attn_ln");
            hidden = norm(feed_forward(hidden, weights, name + ".mlp", config) + hidden, name + ".mlp_ln");
        }
        return hidden;
    });
}

}  // namespace ovembed::graph
