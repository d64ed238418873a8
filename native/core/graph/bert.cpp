// BERT (Devlin et al. 2018, arXiv:1810.04805), as transformers' BertModel computes it without its pooler.
#include "core/graph/architectures.h"
#include "core/graph/embeddings.h"
#include "core/graph/masks.h"
#include "core/graph/post_norm.h"
#include "core/graph/understood.h"

namespace ovembed::graph {

std::shared_ptr<ov::Model> build_bert(const Json& json, std::shared_ptr<const Safetensors> file) {
    const bool has_alibi = json.text("position_embedding_type", "absolute") == "alibi";
    if (has_alibi || custom_class(json) == "JinaBertModel") return build_jina_bert(json, std::move(file));
    const PostNormConfig config = post_norm_config(json);
    const EmbeddingConfig words = embedding_config(json, config.hidden, config.epsilon);
    const Weights weights(std::move(file), "bert.", "embeddings.word_embeddings.weight");
    return encoder("bert", [&](const EncoderInputs& inputs) {
        const Value x = embeddings(inputs, weights, words);
        return post_norm_layers(x, additive_mask(inputs.attention_mask), weights, "encoder.layer", config);
    });
}

}  // namespace ovembed::graph
