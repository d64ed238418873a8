// ModernBERT (Warner et al. 2024, arXiv:2412.13663), as transformers' ModernBertModel: normalisation before each part,
// gated feed-forward, and layers that see a window of tokens between those that see all, each kind with a rotary base
// of its own.
#include "core/graph/architectures.h"
#include "core/graph/attention.h"
#include "core/graph/encoder.h"
#include "core/graph/feed_forward.h"
#include "core/graph/layer_types.h"
#include "core/graph/masks.h"
#include "core/graph/rope_parameters.h"
#include "core/graph/rotary.h"

namespace ovembed::graph {
namespace {

// Defaults are those of transformers' ModernBertConfig.
struct ModernBertConfig {
    size_t hidden, heads, layers, intermediate, vocabulary, positions, reach;
    double norm_epsilon;
    std::string activation;
    Bias attention_bias, mlp_bias, norm_bias;
    std::vector<bool> windowed;
    std::vector<float> global_frequencies, local_frequencies;

    explicit ModernBertConfig(const Json& json)
        : hidden(json.size("hidden_size", 768)),
          heads(json.size("num_attention_heads", 12)),
          layers(json.size("num_hidden_layers", 22)),
          intermediate(json.size("intermediate_size", 1152)),
          vocabulary(json.size("vocab_size", 50368)),
          positions(json.size("max_position_embeddings", 8192)),
          reach(json.size("local_attention", 128) / 2),  // of a window's width, on each side
          norm_epsilon(epsilon(json, "norm_eps", 1e-5)),
          activation(json.text("hidden_activation", "gelu")),
          attention_bias(bias(json, "attention_bias", false)),
          mlp_bias(bias(json, "mlp_bias", false)),
          norm_bias(bias(json, "norm_bias", false)) {
        check_heads(json, hidden, heads);
        const size_t every = json.size("global_attn_every_n_layers", 3);
        windowed = windowed_layers(json, layers, [&](size_t layer) { return layer % every != 0; });
        const size_t width = hidden / heads;
        global_frequencies = rope_frequencies(json, {"full_attention", "global_rope_theta", 160000}, width);
        local_frequencies = rope_frequencies(json, {"sliding_attention", "local_rope_theta", 10000}, width);
    }
};

Value attention(const Value& x, const View& view, const Weights& weights, const std::string& name,
                const ModernBertConfig& config) {
    const Heads heads = packed_heads(x, weights, name + ".Wqkv", config.hidden, config.heads, config.attention_bias);
    const Value attended =
        attend(rotated(heads, view.rotary, config.hidden / config.heads), view.mask, scores_for(config.positions));
    const Value merged = merge_heads(attended, config.heads, config.hidden / config.heads);
    return linear(merged, weights, name + ".Wo", config.hidden, config.hidden, 1, config.attention_bias);
}

Value feed_forward(const Value& x, const Weights& weights, const std::string& name, const ModernBertConfig& config) {
    return packed_feed_forward(
        x, weights, name + ".Wi", 0, name + ".Wo",
        {config.hidden, config.intermediate, config.activation, config.mlp_bias, config.mlp_bias});
}

}  // namespace

std::shared_ptr<ov::Model> build_modernbert(const Json& json, std::shared_ptr<const Safetensors> file) {
    const ModernBertConfig config(json);
    const Weights weights(std::move(file), "model.", "embeddings.tok_embeddings.weight");
    const auto norm = [&](const Value& x, const std::string& name) {
        return layer_norm(x, weights, name, config.hidden, config.norm_epsilon, config.norm_bias);
    };
    return encoder("modernbert", [&](const EncoderInputs& inputs) {
        const View global{additive_mask(inputs.attention_mask),
                          rotary(config.global_frequencies, config.positions, inputs.length)};
        const View local{additive_mask(inputs.attention_mask, {config.reach, config.reach}),
                         rotary(config.local_frequencies, config.positions, inputs.length)};
        Value hidden = norm(
            token_embeddings(inputs.input_ids, weights, "embeddings.tok_embeddings", config.vocabulary, config.hidden),
            "embeddings.norm");
        for (size_t i = 0; i < config.layers; ++i) {
            const std::string name = "layers." + std::to_string(i);
            const View& view = config.windowed[i] ? local : global;
            // The first layer's input is normalised already.
            const Value normalised = i == 0 ? hidden : norm(hidden, name + ".attn_norm");
            hidden = hidden + attention(normalised, view, weights, name + ".attn", config);
            hidden = hidden + feed_forward(norm(hidden, name + ".mlp_norm"), weights, name + ".mlp", config);
        }
        return norm(hidden, "final_norm");
    });
}

}  // namespace ovembed::graph
