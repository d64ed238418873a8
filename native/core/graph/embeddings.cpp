#include "core/graph/embeddings.h"

#include "core/graph/layers.h"
#include "core/graph/positions.h"

namespace ovembed::graph {
namespace {

Value words(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config) {
    return token_embeddings(inputs.input_ids, weights, "embeddings.word_embeddings", config.vocabulary, config.width);
}

Value with_type(const Value& x, const Weights& weights, const EmbeddingConfig& config) {
    if (config.types == 0) return x;
    const Value types = weights.get("embeddings.token_type_embeddings.weight", {config.types, config.width});
    return x + look_up(types, constant(std::vector<int64_t>{0}));
}

// Type 0 is that of every token, so its embedding is folded into the table.
Value position_table(const Weights& weights, const EmbeddingConfig& config) {
    const Value positions = weights.get("embeddings.position_embeddings.weight", {config.positions, config.width});
    return with_type(positions, weights, config);
}

Value norm(const Value& sum, const Weights& weights, const EmbeddingConfig& config, const std::string& name) {
    return layer_norm(sum, weights, name, config.width, config.epsilon);
}

}  // namespace

EmbeddingConfig embedding_config(const Json& config, size_t width, double epsilon) {
    return {config.size("vocab_size", 30522), config.size("max_position_embeddings", 512),
            config.size("type_vocab_size", 2), width, epsilon};
}

Value embeddings(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config) {
    return norm(embedding_sum(inputs, weights, config), weights, config, "embeddings.LayerNorm");
}

Value embeddings_after_padding(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config,
                               size_t padding) {
    const Value x = words(inputs, weights, config);
    const Value indices = positions_after_padding(inputs.input_ids, static_cast<int64_t>(padding),
                                                  static_cast<int64_t>(config.positions) - 1);
    const Value positions = look_up(position_table(weights, config), indices);
    return norm(x + positions, weights, config, "embeddings.LayerNorm");
}

Value embeddings_without_positions(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config,
                                   const std::string& name) {
    return norm(embedding_sum_without_positions(inputs, weights, config), weights, config, name);
}

Value embedding_sum(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config) {
    const Value x = words(inputs, weights, config);
    return x + first_rows(position_table(weights, config), inputs.length);
}

Value embedding_sum_without_positions(const EncoderInputs& inputs, const Weights& weights,
                                      const EmbeddingConfig& config) {
    return with_type(words(inputs, weights, config), weights, config);
}

}  // namespace ovembed::graph
