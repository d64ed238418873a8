#include "core/graph/embeddings.h"

#include "core/graph/layers.h"
#include "core/graph/positions.h"

namespace ovembed::graph {
namespace {

// Type 0 is that of every token, so its embedding is folded into the table.
Value position_table(const Weights& weights, const EmbeddingConfig& config) {
    const Value positions = weights.get("embeddings.position_embeddings.weight", {config.positions, config.width});
    if (config.types == 0) return positions;
    const Value types = weights.get("embeddings.token_type_embeddings.weight", {config.types, config.width});
    return positions + look_up(types, constant(std::vector<int64_t>{0}));
}

Value words(const Value& input_ids, const Weights& weights, const EmbeddingConfig& config) {
    return token_embeddings(input_ids, weights, "embeddings.word_embeddings", config.vocabulary, config.width);
}

Value norm(const Value& sum, const Weights& weights, const EmbeddingConfig& config) {
    return layer_norm(sum, weights, "embeddings.LayerNorm", config.width, config.epsilon);
}

}  // namespace

EmbeddingConfig embedding_config(const Json& config, size_t width, double epsilon) {
    return {config.size("vocab_size", 30522), config.size("max_position_embeddings", 512),
            config.size("type_vocab_size", 2), width, epsilon};
}

Value embeddings(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config) {
    const Value x = words(inputs.input_ids, weights, config);
    const Value positions = first_rows(position_table(weights, config), inputs.length);
    return norm(x + positions, weights, config);
}

Value embeddings_after_padding(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config,
                               size_t padding) {
    const Value x = words(inputs.input_ids, weights, config);
    const Value indices = positions_after_padding(inputs.input_ids, static_cast<int64_t>(padding),
                                                  static_cast<int64_t>(config.positions) - 1);
    return norm(x + look_up(position_table(weights, config), indices), weights, config);
}

}  // namespace ovembed::graph
