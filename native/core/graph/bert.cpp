// BERT (Devlin et al. 2018, arXiv:1810.04805), as transformers' BertModel computes it without its pooler. Token types
// are those of a single text, zeros, and so are folded into the position embeddings.
#include "core/graph/architectures.h"
#include "core/graph/attention.h"
#include "core/graph/encoder.h"
#include "core/graph/masks.h"

namespace ovembed::graph {
namespace {

// What of config.json shapes the graph; defaults are those of transformers' BertConfig.
struct BertConfig {
    size_t hidden, heads, layers, intermediate, vocabulary, positions, types;
    double layer_norm_epsilon;
    std::string activation;

    explicit BertConfig(const Json& json)
        : hidden(json.size("hidden_size", 768)),
          heads(json.size("num_attention_heads", 12)),
          layers(json.size("num_hidden_layers", 12)),
          intermediate(json.size("intermediate_size", 3072)),
          vocabulary(json.size("vocab_size", 30522)),
          positions(json.size("max_position_embeddings", 512)),
          types(json.size("type_vocab_size", 2)),
          layer_norm_epsilon(epsilon(json, "layer_norm_eps", 1e-12)),
          activation(json.text("hidden_act", "gelu")) {
        check_heads(json, hidden, heads);
        require(json, "position_embedding_type", "absolute");
        require(json, "is_decoder", false);
    }
};

// The first S rows of the position table, each with the embedding of token type 0 added.
Value position_embeddings(const Value& length, const Weights& weights, const BertConfig& config) {
    const Value positions = weights.get("embeddings.position_embeddings.weight", {config.positions, config.hidden});
    const Value types = weights.get("embeddings.token_type_embeddings.weight", {config.types, config.hidden});
    return first_rows(positions + look_up(types, constant(std::vector<int64_t>{0})), length);
}

Value embeddings(const EncoderInputs& inputs, const Weights& weights, const BertConfig& config) {
    const Value words =
        token_embeddings(inputs.input_ids, weights, "embeddings.word_embeddings", config.vocabulary, config.hidden);
    const Value sum = words + position_embeddings(inputs.length, weights, config);
    return layer_norm(sum, weights, "embeddings.LayerNorm", config.hidden, config.layer_norm_epsilon);
}

Value encoder_layer(const Value& x, const Value& mask, const Weights& weights, const std::string& name,
                    const BertConfig& config) {
    const auto norm = [&](const Value& sum, const std::string& part) {
        return layer_norm(sum, weights, name + part, config.hidden, config.layer_norm_epsilon);
    };
    const Value attended = self_attention(x, mask, weights, name + ".attention.self", config.hidden, config.heads);
    const Value projected = linear(attended, weights, name + ".attention.output.dense", config.hidden, config.hidden);
    const Value attention = norm(projected + x, ".attention.output.LayerNorm");

    const Value inner =
        activation(linear(attention, weights, name + ".intermediate.dense", config.hidden, config.intermediate),
                   config.activation);
    const Value outer = linear(inner, weights, name + ".output.dense", config.intermediate, config.hidden);
    return norm(outer + attention, ".output.LayerNorm");
}

}  // namespace

std::shared_ptr<ov::Model> build_bert(const Json& json, std::shared_ptr<const Safetensors> file) {
    const BertConfig config(json);
    const Weights weights(std::move(file), "bert.", "embeddings.word_embeddings.weight");
    return encoder("bert", [&](const EncoderInputs& inputs) {
        const Value mask = additive_mask(inputs.attention_mask);
        Value hidden = embeddings(inputs, weights, config);
        for (size_t i = 0; i < config.layers; ++i) {
            hidden = encoder_layer(hidden, mask, weights, "encoder.layer." + std::to_string(i), config);
        }
        return hidden;
    });
}

}  // namespace ovembed::graph
