// Gemma 3 (Gemma Team 2025, arXiv:2503.19786), as transformers' Gemma3TextModel; EmbeddingGemma is one that sees both
// ways. Most layers see a window only, and have a rotary base of their own.
#include <cmath>

#include "core/error.h"
#include "core/graph/architectures.h"
#include "core/graph/decoder.h"
#include "core/graph/encoder.h"
#include "core/graph/layer_types.h"
#include "core/graph/masks.h"
#include "core/graph/rope_parameters.h"

namespace ovembed::graph {
namespace {

// Defaults are those of transformers' Gemma3TextConfig.
struct GemmaConfig {
    DecoderSizes sizes;
    double norm_epsilon;
    std::string activation;
    Bias bias;
    float scale;
    Reach far, near;
    std::vector<bool> windowed;
    std::vector<float> global_frequencies, local_frequencies;

    explicit GemmaConfig(const Json& json)
        : norm_epsilon(epsilon(json, "rms_norm_eps", 1e-6)),
          activation(json.text("hidden_activation", "gelu_pytorch_tanh")),
          bias(graph::bias(json, "attention_bias", false)),
          scale(attention_scale(json.size("query_pre_attn_scalar", 256))) {
        require_absent(json, "attn_logit_softcapping");
        sizes.hidden = json.size("hidden_size", 2304);
        sizes.heads = json.size("num_attention_heads", 8);
        sizes.key_value_heads = json.size("num_key_value_heads", 4);
        sizes.head_width = json.size("head_dim", 256);
        sizes.layers = json.size("num_hidden_layers", 26);
        sizes.intermediate = json.size("intermediate_size", 9216);
        sizes.vocabulary = json.size("vocab_size", 262208);
        sizes.positions = json.size("max_position_embeddings", 131072);
        sizes.check(json);
        read_layers(json);
    }

private:
    void read_layers(const Json& json) {
        const size_t pattern = json.size("sliding_window_pattern", json.size("_sliding_window_pattern", 6));
        windowed = windowed_layers(json, sizes.layers, [&](size_t layer) { return (layer + 1) % pattern != 0; });
        // A window of causal layers counts the token itself; one that sees both ways is twice as wide.
        const size_t window = json.size("sliding_window", 4096);
        const bool both_ways = json.boolean("use_bidirectional_attention", false);
        far = both_ways ? Reach{} : Reach{Reach::kUnlimited, 0};
        near = both_ways ? Reach{window / 2, window / 2} : Reach{window - 1, 0};
        global_frequencies = rope_frequencies(json, {"full_attention", "rope_theta", 1000000}, sizes.head_width);
        local_frequencies =
            rope_frequencies(json, {"sliding_attention", "rope_local_base_freq", 10000, false}, sizes.head_width);
    }
};

}  // namespace

std::shared_ptr<ov::Model> build_gemma3(const Json& json, std::shared_ptr<const Safetensors> file) {
    const GemmaConfig config(json);
    const DecoderSizes& sizes = config.sizes;
    const Weights weights(std::move(file), "model.", "embed_tokens.weight");
    // Gains are stored as what they differ from 1.
    const auto norm = [&](const Value& x, const std::string& name, size_t width, float scale) {
        const Value gain = constant(1.0F) + weights.get(name + ".weight", {width});
        return rms_norm(x, scaled(gain, scale), config.norm_epsilon);
    };
    const auto layer_norm = [&](const Value& x, const std::string& name) { return norm(x, name, sizes.hidden, 1); };
    const DecoderAttention attention{
        config.scale, config.bias, config.bias,
        [&](const Value& x, const std::string& name, float scale) { return norm(x, name, sizes.head_width, scale); }};

    return encoder("gemma3_text", [&](const EncoderInputs& inputs) {
        const View global{additive_mask(inputs.attention_mask, config.far),
                          rotary(config.global_frequencies, sizes.positions, inputs.length)};
        const View local{additive_mask(inputs.attention_mask, config.near),
                         rotary(config.local_frequencies, sizes.positions, inputs.length)};
        Value hidden =
            scaled(token_embeddings(inputs.input_ids, weights, "embed_tokens", sizes.vocabulary, sizes.hidden),
                   static_cast<float>(std::sqrt(static_cast<double>(sizes.hidden))));
        for (size_t i = 0; i < sizes.layers; ++i) {
            const std::string name = "layers." + std::to_string(i);
            const View& view = config.windowed[i] ? local : global;
            const Value attended = decoder_attention(layer_norm(hidden, name + ".input_layernorm"), view, weights,
                                                     name + ".self_attn", sizes, attention);
            hidden = hidden + layer_norm(attended, name + ".post_attention_layernorm");
            const Value fed = decoder_feed_forward(layer_norm(hidden, name + ".pre_feedforward_layernorm"), weights,
                                                   name + ".mlp", sizes, config.activation);
            hidden = hidden + layer_norm(fed, name + ".post_feedforward_layernorm");
        }
        return layer_norm(hidden, "norm");
    });
}

}  // namespace ovembed::graph
