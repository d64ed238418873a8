// DistilBERT (Sanh et al. 2019, arXiv:1910.01108), as transformers' DistilBertModel computes it: BERT without token
// types, under other names. Sinusoidal positions (sinusoidal_pos_embds) are stored as a table like learned ones.
#include "core/graph/architectures.h"
#include "core/graph/embeddings.h"
#include "core/graph/masks.h"
#include "core/graph/post_norm.h"

namespace ovembed::graph {
namespace {

constexpr double kEpsilon = 1e-12;  // no option upstream

// The keys are DistilBERT's own; upstream takes BERT's for three of them too.
PostNormConfig layer_config(const Json& json) {
    PostNormConfig config;
    config.hidden = json.size("dim", json.size("hidden_size", 768));
    config.heads = json.size("n_heads", json.size("num_attention_heads", 12));
    config.layers = json.size("n_layers", json.size("num_hidden_layers", 6));
    config.intermediate = json.size("hidden_dim", 3072);
    config.epsilon = kEpsilon;
    config.activation = json.text("activation", "gelu");
    check_heads(json, config.hidden, config.heads, "n_heads");
    return config;
}

PostNormNames layer_names() {
    PostNormNames names;
    names.attention = {"attention.q_lin", "attention.k_lin", "attention.v_lin"};
    names.attention_output = "attention.out_lin";
    names.attention_norm = "sa_layer_norm";
    names.inner = "ffn.lin1";
    names.outer = "ffn.lin2";
    names.norm = "output_layer_norm";
    return names;
}

}  // namespace

std::shared_ptr<ov::Model> build_distilbert(const Json& json, std::shared_ptr<const Safetensors> file) {
    const PostNormConfig config = layer_config(json);
    EmbeddingConfig words = embedding_config(json, config.hidden, config.epsilon);
    words.types = 0;
    const Weights weights(std::move(file), "distilbert.", "embeddings.word_embeddings.weight");
    return encoder("distilbert", [&](const EncoderInputs& inputs) {
        const Value x = embeddings(inputs, weights, words);
        return post_norm_layers(x, additive_mask(inputs.attention_mask), weights, "transformer.layer", config,
                                layer_names());
    });
}

}  // namespace ovembed::graph
