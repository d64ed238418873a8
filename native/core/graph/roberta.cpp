// RoBERTa (Liu et al. 2019, arXiv:1907.11692), as transformers' RobertaModel computes it without its pooler: BERT but
// for its positions. XLM-RoBERTa (Conneau et al. 2019, arXiv:1911.02116) and CamemBERT (Martin et al. 2019,
// arXiv:1911.03894) are the same network.
#include "core/graph/architectures.h"
#include "core/graph/embeddings.h"
#include "core/graph/masks.h"
#include "core/graph/post_norm.h"

namespace ovembed::graph {

std::shared_ptr<ov::Model> build_roberta(const Json& json, std::shared_ptr<const Safetensors> file) {
    const PostNormConfig config = post_norm_config(json);
    const EmbeddingConfig words = embedding_config(json, config.hidden, config.epsilon);
    const size_t padding = json.count("pad_token_id", 1);
    const Weights weights(std::move(file), "roberta.", "embeddings.word_embeddings.weight");
    return encoder("roberta", [&](const EncoderInputs& inputs) {
        const Value x = embeddings_after_padding(inputs, weights, words, padding);
        return post_norm_layers(x, additive_mask(inputs.attention_mask), weights, "encoder.layer", config);
    });
}

}  // namespace ovembed::graph
