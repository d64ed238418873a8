// Qwen3 (Yang et al. 2025, arXiv:2505.09388) and Qwen2 (2024, arXiv:2407.10671), as transformers' Qwen3Model and
// Qwen2Model: causal, unless is_causal says otherwise. Qwen3 normalises queries and keys, Qwen2 has biases on them.
#include "core/error.h"
#include "core/graph/architectures.h"
#include "core/graph/decoder.h"
#include "core/graph/encoder.h"
#include "core/graph/layer_types.h"
#include "core/graph/masks.h"
#include "core/graph/rope_parameters.h"

namespace ovembed::graph {
namespace {

// Defaults are those of transformers' Qwen3Config and Qwen2Config.
struct QwenConfig {
    DecoderSizes sizes;
    double norm_epsilon;
    std::string activation;
    Bias input_bias, output_bias;
    bool normalised, causal;
    size_t window;
    std::vector<bool> windowed;
    std::vector<float> frequencies;

    explicit QwenConfig(const Json& json)
        : norm_epsilon(epsilon(json, "rms_norm_eps", 1e-6)),
          activation(json.text("hidden_act", "silu")),
          normalised(json.text("model_type", "qwen3") == "qwen3"),
          causal(json.boolean("is_causal", true)),
          window(json.size("sliding_window", 4096)) {
        sizes.hidden = json.size("hidden_size", 4096);
        sizes.heads = json.size("num_attention_heads", 32);
        sizes.key_value_heads = json.size("num_key_value_heads", json.has("num_attention_heads") ? sizes.heads : 32);
        sizes.head_width = json.size("head_dim", normalised ? 128 : sizes.hidden / sizes.heads);
        sizes.layers = json.size("num_hidden_layers", 32);
        sizes.intermediate = json.size("intermediate_size", 22016);
        sizes.vocabulary = json.size("vocab_size", 151936);
        sizes.positions = json.size("max_position_embeddings", 32768);
        sizes.check(json);
        input_bias = normalised ? bias(json, "attention_bias", false) : Bias::Yes;
        output_bias = normalised ? input_bias : Bias::No;
        frequencies = rope_frequencies(json, {"", "rope_theta", 10000}, sizes.head_width);
        read_windows(json);
    }

private:
    void read_windows(const Json& json) {
        const bool allowed = json.boolean("use_sliding_window", false) && json.has("sliding_window");
        const size_t first = json.count("max_window_layers", 28);
        windowed = windowed_layers(json, sizes.layers, [&](size_t layer) { return allowed && layer >= first; });
        for (const bool layer : windowed) {
            if (!layer || (allowed && causal)) continue;
            throw Error(ErrorCode::ModelUnsupported,
                        json.name() +
                            ": layers of sliding_attention are supported with use_sliding_window: true, a "
                            "sliding_window and is_causal: true only.");
        }
    }
};

}  // namespace

std::shared_ptr<ov::Model> build_qwen(const Json& json, std::shared_ptr<const Safetensors> file) {
    const QwenConfig config(json);
    const DecoderSizes& sizes = config.sizes;
    const Weights weights(std::move(file), "model.", "embed_tokens.weight");
    const auto norm = [&](const Value& x, const std::string& name) {
        return rms_norm(x, weights.get(name + ".weight", {sizes.hidden}), config.norm_epsilon);
    };
    const HeadNorm head_norm = [&](const Value& heads, const std::string& name, float scale) {
        return rms_norm(heads, scaled(weights.get(name + ".weight", {sizes.head_width}), scale), config.norm_epsilon);
    };
    const DecoderAttention attention{attention_scale(sizes.head_width), config.input_bias, config.output_bias,
                                     config.normalised ? head_norm : HeadNorm()};

    return encoder(config.normalised ? "qwen3" : "qwen2", [&](const EncoderInputs& inputs) {
        const Rotary turns = rotary(config.frequencies, sizes.positions, inputs.length);
        const Reach behind{Reach::kUnlimited, 0};
        const View far{additive_mask(inputs.attention_mask, config.causal ? behind : Reach{}), turns};
        const View near{additive_mask(inputs.attention_mask, {config.window - 1, 0}), turns};
        Value hidden = token_embeddings(inputs.input_ids, weights, "embed_tokens", sizes.vocabulary, sizes.hidden);
        for (size_t i = 0; i < sizes.layers; ++i) {
            const std::string name = "layers." + std::to_string(i);
            const View& view = config.windowed[i] ? near : far;
            hidden = hidden + decoder_attention(norm(hidden, name + ".input_layernorm"), view, weights,
                                                name + ".self_attn", sizes, attention);
            hidden = hidden + decoder_feed_forward(norm(hidden, name + ".post_attention_layernorm"), weights,
                                                   name + ".mlp", sizes, config.activation);
        }
        return norm(hidden, "norm");
    });
}

}  // namespace ovembed::graph
