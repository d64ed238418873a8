// ALBERT (Lan et al. 2019, arXiv:1909.11942), as transformers' AlbertModel computes it without its pooler: BERT with
// factorised embeddings, and layers in groups whose weights are shared by several steps of depth.
#include "core/graph/architectures.h"
#include "core/graph/embeddings.h"
#include "core/graph/masks.h"
#include "core/graph/post_norm.h"

namespace ovembed::graph {
namespace {

// Shared weights let a few bytes of config.json ask for any number of layers. Published models have up to 12.
constexpr size_t kMostLayers = 1000;

struct Depth {
    size_t steps;   // times that a group is run
    size_t groups;  // with weights of their own
    size_t inner;   // layers of a group

    Depth(const Json& json, size_t layers)
        : steps(layers), groups(json.size("num_hidden_groups", 1)), inner(json.size("inner_group_num", 1)) {
        if (steps <= kMostLayers && inner <= kMostLayers / steps) return;
        refuse(json, "num_hidden_layers " + std::to_string(steps) + " times inner_group_num " + std::to_string(inner),
               "up to " + std::to_string(kMostLayers) + " is");
    }

    // As upstream, also in how it rounds.
    size_t group(size_t step) const {
        return static_cast<size_t>(static_cast<double>(step) /
                                   (static_cast<double>(steps) / static_cast<double>(groups)));
    }
};

PostNormConfig albert_defaults() {
    PostNormConfig defaults;
    defaults.hidden = 4096;
    defaults.heads = 64;
    defaults.intermediate = 16384;
    defaults.activation = "gelu_new";
    return defaults;
}

PostNormNames layer_names() {
    PostNormNames names;
    names.attention = {"attention.query", "attention.key", "attention.value"};
    names.attention_output = "attention.dense";
    names.attention_norm = "attention.LayerNorm";
    names.inner = "ffn";
    names.outer = "ffn_output";
    names.norm = "full_layer_layer_norm";
    return names;
}

}  // namespace

std::shared_ptr<ov::Model> build_albert(const Json& json, std::shared_ptr<const Safetensors> file) {
    PostNormConfig config = post_norm_config(json, albert_defaults());
    const Depth depth(json, config.layers);
    config.layers = depth.inner;
    const EmbeddingConfig words = embedding_config(json, json.size("embedding_size", 128), config.epsilon);
    const Weights weights(std::move(file), "albert.", "embeddings.word_embeddings.weight");
    return encoder("albert", [&](const EncoderInputs& inputs) {
        const Value mask = additive_mask(inputs.attention_mask);
        Value x = linear(embeddings(inputs, weights, words), weights, "encoder.embedding_hidden_mapping_in",
                         words.width, config.hidden);
        for (size_t step = 0; step < depth.steps; ++step) {
            const std::string group = "encoder.albert_layer_groups." + std::to_string(depth.group(step));
            x = post_norm_layers(x, mask, weights, group + ".albert_layers", config, layer_names());
        }
        return x;
    });
}

}  // namespace ovembed::graph
