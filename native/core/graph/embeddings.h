// What BERT and its kin make of token ids before their first layer.
#pragma once

#include "core/graph/encoder.h"
#include "core/graph/weights.h"

namespace ovembed::graph {

struct EmbeddingConfig {
    size_t vocabulary;
    size_t positions;
    size_t types;  // of tokens; 0: the network knows none
    size_t width;
    double epsilon;
};

// The keys of BERT's config.json; no key's default, but the width and epsilon of normalisations, differs between its
// kin in a way that a checkpoint's shapes would not show.
EmbeddingConfig embedding_config(const Json& config, size_t width, double epsilon);

// The normalised sum of the embeddings of words, of positions 0, 1, 2 … and of the token type of a single text, 0:
// f32 [B, S, width], from the tensors under "embeddings.".
Value embeddings(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config);

// The same with positions as RoBERTa counts them (positions_after_padding).
Value embeddings_after_padding(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config,
                               size_t padding);

// The same without positions, for networks that see them in their attention. `norm` names the normalisation.
Value embeddings_without_positions(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config,
                                   const std::string& norm = "embeddings.LayerNorm");

// The sums alone of embeddings() and embeddings_without_positions().
Value embedding_sum(const EncoderInputs& inputs, const Weights& weights, const EmbeddingConfig& config);
Value embedding_sum_without_positions(const EncoderInputs& inputs, const Weights& weights,
                                      const EmbeddingConfig& config);

}  // namespace ovembed::graph
