// ELECTRA (Clark et al. 2020, arXiv:2003.10555), as transformers' ElectraModel computes it: BERT, with embeddings of a
// width of their own, which are projected to that of the layers where the two differ.
#include "core/graph/architectures.h"
#include "core/graph/embeddings.h"
#include "core/graph/masks.h"
#include "core/graph/post_norm.h"

namespace ovembed::graph {
namespace {

PostNormConfig electra_defaults() {
    PostNormConfig defaults;
    defaults.hidden = 256;
    defaults.heads = 4;
    defaults.intermediate = 1024;
    return defaults;
}

}  // namespace

std::shared_ptr<ov::Model> build_electra(const Json& json, std::shared_ptr<const Safetensors> file) {
    const PostNormConfig config = post_norm_config(json, electra_defaults());
    const EmbeddingConfig words = embedding_config(json, json.size("embedding_size", 128), config.epsilon);
    const Weights weights(std::move(file), "electra.", "embeddings.word_embeddings.weight");
    return encoder("electra", [&](const EncoderInputs& inputs) {
        Value x = embeddings(inputs, weights, words);
        if (words.width != config.hidden) x = linear(x, weights, "embeddings_project", words.width, config.hidden);
        return post_norm_layers(x, additive_mask(inputs.attention_mask), weights, "encoder.layer", config);
    });
}

}  // namespace ovembed::graph
