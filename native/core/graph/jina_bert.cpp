// JinaBERT, the network of jina-embeddings-v2 (Günther et al. 2023, arXiv:2310.19923), whose model_type is "bert", as
// the published code behind its checkpoints computes it (JinaBertModel): BERT with linear biases in place of position
// embeddings and gated feed-forward layers. It comes in two forms, told apart by their tensors: that of the English
// models (jina-bert-implementation), and that of code and the bilingual ones (jina-bert-v2-qk-post-norm), which
// normalises queries and keys, normalises once more after the attention, and gates the other half.
#include "core/graph/alibi.h"
#include "core/graph/architectures.h"
#include "core/graph/attention.h"
#include "core/graph/embeddings.h"
#include "core/graph/feed_forward.h"
#include "core/graph/masks.h"

namespace ovembed::graph {
namespace {

struct JinaConfig {
    size_t hidden, heads, layers, intermediate, vocabulary, positions, types;
    double layer_norm_epsilon;
    std::string feed_forward;  // geglu, reglu or original
    std::string activation;    // of the feed-forward layer

    JinaConfig(const Json& json, bool post_norm)
        : hidden(json.size("hidden_size", 768)),
          heads(json.size("num_attention_heads", 12)),
          layers(json.size("num_hidden_layers", 12)),
          intermediate(json.size("intermediate_size", 3072)),
          vocabulary(json.size("vocab_size", 30522)),
          positions(json.size("max_position_embeddings", 512)),
          types(json.size("type_vocab_size", 2)),
          layer_norm_epsilon(epsilon(json, "layer_norm_eps", 1e-12)),
          feed_forward(json.text("feed_forward_type", post_norm ? "geglu" : "original")),
          activation(feed_forward == "reglu"   ? "relu"
                     : feed_forward == "geglu" ? "gelu"
                                               : json.text("hidden_act", "gelu")) {
        check_heads(json, hidden, heads);
        require(json, "is_decoder", false);
        if (json.text("position_embedding_type", "absolute") != "alibi") {
            refuse(json, "position_embedding_type of JinaBERT other than 'alibi'", "that is");
        }
        const bool known = gated() || (feed_forward == "original" && !post_norm);
        if (!known) {
            refuse(json, "feed_forward_type '" + feed_forward + "'",
                   "'geglu', 'reglu' and, without layer_norm_q, 'original' are");
        }
    }

    bool gated() const { return feed_forward == "geglu" || feed_forward == "reglu"; }
};

class JinaBert {
public:
    JinaBert(const Weights& weights, const JinaConfig& config, bool post_norm)
        : m_weights(weights), m_config(config), m_post_norm(post_norm) {}

    Value embeddings(const EncoderInputs& inputs) const {
        return embeddings_without_positions(
            inputs, m_weights,
            {m_config.vocabulary, m_config.positions, m_config.types, m_config.hidden, m_config.layer_norm_epsilon});
    }

    Value layer(const Value& x, const Value& bias, const std::string& name) const {
        const Value projected = linear(attention(x, bias, name + ".attention.self"), m_weights,
                                       name + ".attention.output.dense", m_config.hidden, m_config.hidden);
        const Value attended = norm(projected + x, name + ".attention.output.LayerNorm");
        if (m_post_norm) {
            const Value residual = norm(x + attended, name + ".layer_norm_1");
            return norm(residual + feed_forward(residual, name), name + ".layer_norm_2");
        }
        return norm(attended + feed_forward(attended, name),
                    name + (m_config.gated() ? ".mlp.layernorm" : ".output.LayerNorm"));
    }

private:
    Value norm(const Value& x, const std::string& name) const {
        return layer_norm(x, m_weights, name, m_config.hidden, m_config.layer_norm_epsilon);
    }

    Value attention(const Value& x, const Value& bias, const std::string& name) const {
        const size_t hidden = m_config.hidden;
        const size_t width = hidden / m_config.heads;
        const auto project = [&](const std::string& part) { return linear(x, m_weights, name + part, hidden, hidden); };
        Value query = project(".query");
        Value key = project(".key");
        if (m_post_norm) {
            query = norm(query, name + ".layer_norm_q");
            key = norm(key, name + ".layer_norm_k");
        }
        const auto split = [&](const Value& states) { return split_heads(states, m_config.heads, width); };
        return merge_heads(attend(split(scaled(query, attention_scale(width))), split(key), split(project(".value")),
                                  bias, scores_for(m_config.positions)),
                           m_config.heads, width);
    }

    Value feed_forward(const Value& x, const std::string& name) const {
        FeedForward sizes{m_config.hidden, m_config.intermediate, m_config.activation};
        if (!m_config.gated())
            return graph::feed_forward(x, m_weights, name + ".intermediate.dense", name + ".output.dense", sizes);
        sizes.inner_bias = Bias::No;
        return m_post_norm
                   ? packed_feed_forward(x, m_weights, name + ".mlp.up_gated_layer", 1, name + ".mlp.down_layer", sizes)
                   : packed_feed_forward(x, m_weights, name + ".mlp.gated_layers", 0, name + ".mlp.wo", sizes);
    }

    const Weights& m_weights;
    const JinaConfig& m_config;
    bool m_post_norm;
};

}  // namespace

std::shared_ptr<ov::Model> build_jina_bert(const Json& json, std::shared_ptr<const Safetensors> file) {
    const Weights weights(std::move(file), "bert.", "embeddings.word_embeddings.weight");
    const bool post_norm = weights.has("encoder.layer.0.attention.self.layer_norm_q.weight");
    const JinaConfig config(json, post_norm);
    const JinaBert network(weights, config, post_norm);
    return encoder("jina_bert", [&](const EncoderInputs& inputs) {
        // First, as its tensors show that the hidden width, and so the number of heads, is none to run out of memory
        // by.
        Value hidden = network.embeddings(inputs);
        const Value bias = alibi_bias(config.heads, inputs.length) + additive_mask(inputs.attention_mask);
        for (size_t i = 0; i < config.layers; ++i) {
            hidden = network.layer(hidden, bias, "encoder.layer." + std::to_string(i));
        }
        return hidden;
    });
}

}  // namespace ovembed::graph
