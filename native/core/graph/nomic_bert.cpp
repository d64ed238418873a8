// NomicBERT (Nussbaum et al. 2024, arXiv:2402.01613), as the code published with nomic-embed-text v1 and v1.5 computes
// it, and transformers' NomicBertModel: BERT with rotary positions and a gated feed-forward. config.json has the names
// of GPT-2 in the former, those of BERT in the latter.
#include "core/graph/architectures.h"
#include "core/graph/attention.h"
#include "core/graph/embeddings.h"
#include "core/graph/feed_forward.h"
#include "core/graph/masks.h"
#include "core/graph/rope_parameters.h"
#include "core/graph/rotary.h"

namespace ovembed::graph {
namespace {

size_t rounded_up(size_t size, size_t multiple) { return (size + multiple - 1) / multiple * multiple; }

struct NomicBertConfig {
    size_t hidden, heads, layers, vocabulary, positions, types, intermediate, rotated;
    double layer_norm_epsilon;
    bool gated = true;
    std::string activation;
    Bias attention_bias, inner_bias, outer_bias;
    std::vector<float> frequencies;

    explicit NomicBertConfig(const Json& json) {
        types = json.count("type_vocab_size", 2);
        require_absent(json, "rotary_emb_scale_base");
        for (const char* key :
             {"prenorm", "parallel_block", "use_rms_norm", "causal", "rotary_emb_interleaved", "rotary_head_dim"}) {
            require(json, key, false);
        }
        if (json.count("moe_every_n_layers", 0) > 0 || json.count("num_experts", 0) > 1) {
            refuse(json, "a network of experts (moe_every_n_layers, num_experts)", "one without is");
        }
        if (json.has("n_embd"))
            read_published(json);
        else
            read_transformers(json);
    }

    size_t head_width() const { return hidden / heads; }

private:
    // Defaults are those of the published NomicBertConfig and of the GPT2Config that it extends.
    void read_published(const Json& json) {
        hidden = json.size("n_embd", 768);
        heads = json.size("n_head", 12);
        check_heads(json, hidden, heads, "n_head");
        layers = json.size("n_layer", 12);
        vocabulary = rounded_up(json.size("vocab_size", 50257), json.size("pad_vocab_size_multiple", 1));
        positions = published_positions(json);
        layer_norm_epsilon = epsilon(json, "layer_norm_epsilon", 1e-5);
        attention_bias = bias(json, "qkv_proj_bias", true);
        inner_bias = bias(json, "mlp_fc1_bias", true);
        outer_bias = bias(json, "mlp_fc2_bias", true);
        if (json.size("num_heads_kv", heads) != heads) refuse(json, "num_heads_kv other than n_head", "n_head is");
        read_feed_forward(json);
        read_rotary(json);
    }

    void read_feed_forward(const Json& json) {
        const std::string function = one_of(json, "activation_function", {"gelu", "swiglu", "geglu"});
        gated = function != "gelu";
        activation = function == "swiglu" ? "silu" : "gelu";
        const size_t inner = json.size("n_inner", gated ? 8 * hidden / 3 : 4 * hidden);
        intermediate = gated ? rounded_up(inner, 256) : inner;
    }

    // With a scaling factor the base depends on the length of rows longer than those of the training (dynamic NTK).
    // Other rows are not touched by it, and longer ones are not offered.
    static size_t published_positions(const Json& json) {
        const size_t all = json.size("n_positions", 2048);
        const bool dynamic = json.number("rotary_scaling_factor", 0) != 0;
        return dynamic ? std::min(all, json.size("max_trained_positions", 2048)) : all;
    }

    void read_rotary(const Json& json) {
        const double fraction = json.number("rotary_emb_fraction", 0);
        const double width = static_cast<double>(hidden / heads) * fraction;
        rotated = fraction > 0 && fraction <= 1 ? static_cast<size_t>(width) : 0;
        if (rotated == 0 || static_cast<double>(rotated) != width)
            refuse(json, "rotary_emb_fraction " + std::to_string(fraction),
                   "one that makes a whole number of each head's width is");
        const double base = json.number("rotary_emb_base", 10000);
        check_rope(json, rotated, base);
        frequencies = rotary_frequencies(rotated, base);
    }

    // Defaults are those of transformers' NomicBertConfig.
    void read_transformers(const Json& json) {
        hidden = json.size("hidden_size", 768);
        heads = json.size("num_attention_heads", 12);
        check_heads(json, hidden, heads);
        layers = json.size("num_hidden_layers", 12);
        intermediate = json.size("intermediate_size", 3072);
        vocabulary = json.size("vocab_size", 30528);
        positions = json.size("max_position_embeddings", 2048);
        layer_norm_epsilon = epsilon(json, "layer_norm_eps", 1e-12);
        activation = json.text("hidden_act", "silu");
        attention_bias = inner_bias = outer_bias = Bias::No;
        rotated = hidden / heads;
        if (json.size("head_dim", rotated) != rotated)
            refuse(json, "a head_dim of its own", "hidden_size / num_attention_heads is");
        frequencies = rope_frequencies(json, {"", "rope_theta", 1000}, rotated);
    }
};

Value attention(const Value& x, const View& view, const Weights& weights, const std::string& name,
                const NomicBertConfig& config) {
    Heads heads = packed_heads(x, weights, name + ".Wqkv", config.hidden, config.heads, config.attention_bias);
    heads.query = rotate_part(heads.query, view.rotary, config.rotated, config.head_width());
    heads.key = rotate_part(heads.key, view.rotary, config.rotated, config.head_width());
    const Value merged =
        merge_heads(attend(heads, view.mask, scores_for(config.positions)), config.heads, config.head_width());
    return linear(merged, weights, name + ".out_proj", config.hidden, config.hidden, 1, config.attention_bias);
}

Value feed_forward(const Value& x, const Weights& weights, const std::string& name, const NomicBertConfig& config) {
    const FeedForward sizes{config.hidden, config.intermediate, config.activation, config.inner_bias,
                            config.outer_bias};
    if (!config.gated) return feed_forward(x, weights, name + ".fc1", name + ".fc2", sizes);
    return gated_feed_forward(x, weights, {name + ".fc12", name + ".fc11", name + ".fc2"}, sizes);
}

}  // namespace

std::shared_ptr<ov::Model> build_nomic_bert(const Json& json, std::shared_ptr<const Safetensors> file) {
    const NomicBertConfig config(json);
    const Weights weights(std::move(file), "bert.", "embeddings.word_embeddings.weight");
    const EmbeddingConfig words{config.vocabulary, config.positions, config.types, config.hidden,
                                config.layer_norm_epsilon};
    const auto norm = [&](const Value& x, const std::string& name) {
        return layer_norm(x, weights, name, config.hidden, config.layer_norm_epsilon);
    };
    return encoder("nomic_bert", [&](const EncoderInputs& inputs) {
        const View view{additive_mask(inputs.attention_mask),
                        rotary(config.frequencies, config.positions, inputs.length)};
        Value hidden = embeddings_without_positions(inputs, weights, words, "emb_ln");
        for (size_t i = 0; i < config.layers; ++i) {
            const std::string name = "encoder.layers." + std::to_string(i);
            hidden = norm(attention(hidden, view, weights, name + ".attn", config) + hidden, name + ".norm1");
            hidden = norm(feed_forward(hidden, weights, name + ".mlp", config) + hidden, name + ".norm2");
        }
        return hidden;
    });
}

}  // namespace ovembed::graph
