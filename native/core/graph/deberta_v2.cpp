// DeBERTa v2 and v3 (He et al. 2020, arXiv:2006.03654, and 2021, arXiv:2111.09543), as transformers' DebertaV2Model
// computes it: attention that adds to content · content the terms content · position ("c2p") and position · content
// ("p2c"), where a position is an embedding of the distance between two tokens.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "core/graph/architectures.h"
#include "core/graph/attention.h"
#include "core/graph/embeddings.h"
#include "core/graph/feed_forward.h"
#include "core/graph/masks.h"
#include "core/graph/positions.h"

namespace ovembed::graph {
namespace {

struct DebertaConfig {
    size_t hidden, heads, layers, intermediate, vocabulary, embedding, positions, types;
    size_t kernel;  // of the convolution beside the first layer; 0: none
    double layer_norm_epsilon;
    std::string activation, conv_activation;
    bool absolute;  // position embeddings at the input
    bool relative;  // disentangled attention
    bool c2p = false, p2c = false;
    bool share_keys;  // positions are projected as content is
    bool norm_positions;
    int64_t max_distance;
    int64_t buckets;  // of distances, per direction; 0: every distance is one

    explicit DebertaConfig(const Json& json)
        : hidden(json.size("hidden_size", 1536)),
          heads(json.size("num_attention_heads", 24)),
          layers(json.size("num_hidden_layers", 24)),
          intermediate(json.size("intermediate_size", 6144)),
          vocabulary(json.size("vocab_size", 128100)),
          embedding(json.size("embedding_size", hidden)),
          positions(json.size("max_position_embeddings", 512)),
          types(json.count("type_vocab_size", 0)),
          kernel(json.count("conv_kernel_size", 0)),
          layer_norm_epsilon(epsilon(json, "layer_norm_eps", 1e-7)),
          activation(json.text("hidden_act", "gelu")),
          conv_activation(json.text("conv_act", "tanh")),
          absolute(json.boolean("position_biased_input", true)),
          relative(json.boolean("relative_attention", false)),
          share_keys(json.boolean("share_att_key", false)),
          norm_positions(one_of(json, "norm_rel_ebd", {"none", "layer_norm"}) == "layer_norm"),
          max_distance(positive_or(json, "max_relative_positions", static_cast<int64_t>(positions))),
          buckets(positive_or(json, "position_buckets", 0)) {
        check_heads(json, hidden, heads);
        read_terms(json);
        check(json);
    }

    // Distances told apart in either direction; the table of positions has twice as many rows.
    int64_t span() const { return buckets > 0 ? buckets : max_distance; }

private:
    // Where a value below 1 stands for "not set".
    static int64_t positive_or(const Json& json, const std::string& key, int64_t fallback) {
        if (json.number(key, -1) < 1) return fallback;
        return static_cast<int64_t>(json.size(key, 1));
    }

    // A list, or in older files a text such as "c2p|p2c".
    void read_terms(const Json& json) {
        std::vector<std::string> terms;
        if (json.is_text("pos_att_type")) {
            const std::string text = json.text("pos_att_type", "");
            for (size_t from = 0; from <= text.size();) {
                const size_t to = std::min(text.find('|', from), text.size());
                if (to > from) terms.push_back(text.substr(from, to - from));
                from = to + 1;
            }
        } else {
            terms = json.texts("pos_att_type");
        }
        for (const auto& term : terms) {
            if (term != "c2p" && term != "p2c") refuse(json, "pos_att_type '" + term + "'", "c2p and p2c are");
            (term == "c2p" ? c2p : p2c) = true;
        }
    }

    void check(const Json& json) const {
        constexpr int64_t kFarthest = 1 << 16;  // 128 times the published ones
        if (relative && max_distance > kFarthest) {
            refuse(json, "max_relative_positions " + std::to_string(max_distance), "up to 65536 are");
        }
        if (relative && buckets > 0 && (buckets < 2 || max_distance - 1 <= buckets / 2)) {
            throw Error(ErrorCode::ModelInvalid, json.name() + ": position_buckets " + std::to_string(buckets) +
                                                     " is 1, or too large for max_relative_positions " +
                                                     std::to_string(max_distance) + ".");
        }
        if (kernel > 0 && kernel % 2 == 0) refuse(json, "conv_kernel_size " + std::to_string(kernel), "odd ones are");
        if (json.size("conv_groups", 1) != 1) refuse(json, "conv_groups other than 1", "1 is");
        if (json.size("attention_head_size", hidden / heads) != hidden / heads) {
            refuse(json, "attention_head_size other than hidden_size / num_attention_heads", "that is");
        }
    }
};

// The row of the table of positions for the distance query − key (make_log_bucket_position): exact up to half of the
// buckets, then logarithmic up to `max_distance`. In f32, as upstream: at the bounds of buckets f64 gives others.
int64_t position_row(int64_t distance, const DebertaConfig& config) {
    const int64_t middle = config.buckets / 2;
    const int64_t far = std::abs(distance);
    int64_t bucket = far;
    if (config.buckets > 0 && far > middle) {
        const float whole =
            std::log(static_cast<float>(static_cast<double>(config.max_distance - 1) / static_cast<double>(middle)));
        const float share = std::log(static_cast<float>(far) / static_cast<float>(middle)) / whole;
        bucket = static_cast<int64_t>(std::ceil(share * static_cast<float>(middle - 1))) + middle;
    }
    const int64_t row = (distance < 0 ? -bucket : bucket) + config.span();
    return std::clamp<int64_t>(row, 0, 2 * config.span() - 1);
}

// Embeddings of the distances other − own = 1 − S … S, [1, 2S, hidden], for c2p where `own` is the query; the last one
// is there for diagonals alone. For p2c, where it is the key, the sign is the other one.
Value distance_embeddings(const Value& table, int sign, const Value& length, const DebertaConfig& config) {
    const int64_t reach = config.max_distance;
    std::vector<int64_t> rows;
    for (int64_t distance = -reach; distance <= reach; ++distance)
        rows.push_back(position_row(sign * distance, config));
    const Value distances = counting(length + length) - length + scalar(1);
    const Value chosen = look_up(table, look_up(constant(rows), distance_rows(distances, reach)));
    return make<op::v0::Unsqueeze>(chosen, constant(std::vector<int64_t>{0}));
}

// From products with the distances 1 − S … S, [B, heads, S, 2S], those of every pair of tokens, [B, heads, S, S]: row i
// is wanted from column S − 1 − i on. Read as rows that are one shorter, all begin at the same column.
Value diagonals(const Value& x, const Value& length) {
    const auto at = [](int64_t value) { return constant(std::vector<int64_t>{value}); };
    const Value rows = make<op::v1::Reshape>(x, constant(std::vector<int64_t>{0, 0, -1}), true);
    const Value start = length - at(1);
    const Value width = length + start;
    const Value shifted = make<op::v8::Slice>(rows, start, start + length * width, at(1), at(2));
    const Value shape = make<op::v0::Concat>(ov::OutputVector{at(0), at(0), length, width}, 0);
    return make<op::v8::Slice>(make<op::v1::Reshape>(shifted, shape, true), at(0), length, at(1), at(3));
}

class Deberta {
public:
    Deberta(const Weights& weights, const DebertaConfig& config, const EncoderInputs& inputs)
        : m_weights(weights), m_config(config), m_inputs(inputs), m_mask(additive_mask(inputs.attention_mask)) {
        if (!config.relative) return;
        const Value table = position_table();
        if (config.c2p) m_key_positions = distance_embeddings(table, -1, inputs.length, config);
        if (config.p2c) m_query_positions = distance_embeddings(table, 1, inputs.length, config);
    }

    Value hidden_states() const {
        const Value input = embeddings();
        Value hidden = input;
        for (size_t i = 0; i < m_config.layers; ++i) {
            hidden = layer(hidden, "encoder.layer." + std::to_string(i));
            if (i == 0 && m_config.kernel > 0) hidden = convolution(input, hidden);
        }
        return hidden;
    }

private:
    Value norm(const Value& x, const std::string& name) const {
        return layer_norm(x, m_weights, name, m_config.hidden, m_config.layer_norm_epsilon);
    }

    Value position_table() const {
        const auto rows = static_cast<size_t>(2 * m_config.span());
        const Value table = m_weights.get("encoder.rel_embeddings.weight", {rows, m_config.hidden});
        return m_config.norm_positions ? norm(table, "encoder.LayerNorm") : table;
    }

    Value embeddings() const {
        const size_t width = m_config.embedding;
        const EmbeddingConfig config{m_config.vocabulary, m_config.positions, m_config.types, width,
                                     m_config.layer_norm_epsilon};
        Value sum = m_config.absolute ? embedding_sum(m_inputs, m_weights, config)
                                      : embedding_sum_without_positions(m_inputs, m_weights, config);
        if (width != m_config.hidden) {
            sum = linear(sum, m_weights, "embeddings.embed_proj", width, m_config.hidden, 1, Bias::No);
        }
        return norm(sum, "embeddings.LayerNorm");
    }

    // The scores are divided by √(d · terms), whichever terms there are.
    Value attention(const Value& x, const std::string& name) const {
        const size_t width = m_config.hidden / m_config.heads;
        const size_t terms = 1 + (m_config.c2p ? 1 : 0) + (m_config.p2c ? 1 : 0);
        const float scale = attention_scale(width * terms);
        const auto project = [&](const Value& states, const std::string& part, float factor) {
            return split_heads(linear(states, m_weights, name + part, m_config.hidden, m_config.hidden, factor),
                               m_config.heads, width);
        };
        const Value query = project(x, ".query_proj", scale);
        const Value key = project(x, ".key_proj", 1);
        Value bias = m_mask;
        if (m_config.relative && m_config.c2p) {
            const Value keys = project(m_key_positions, m_config.share_keys ? ".key_proj" : ".pos_key_proj", 1);
            bias = bias + diagonals(make<op::v0::MatMul>(query, keys, false, true), m_inputs.length);
        }
        if (m_config.relative && m_config.p2c) {
            const Value queries =
                project(m_query_positions, m_config.share_keys ? ".query_proj" : ".pos_query_proj", scale);
            const Value by_key = diagonals(make<op::v0::MatMul>(key, queries, false, true), m_inputs.length);
            bias = bias + make<op::v1::Transpose>(by_key, constant(std::vector<int64_t>{0, 1, 3, 2}));
        }
        return merge_heads(attend(query, key, project(x, ".value_proj", 1), bias), m_config.heads, width);
    }

    Value layer(const Value& x, const std::string& name) const {
        const size_t hidden = m_config.hidden;
        const Value projected =
            linear(attention(x, name + ".attention.self"), m_weights, name + ".attention.output.dense", hidden, hidden);
        const Value attended = norm(projected + x, name + ".attention.output.LayerNorm");
        const Value outer = feed_forward(attended, m_weights, name + ".intermediate.dense", name + ".output.dense",
                                         {hidden, m_config.intermediate, m_config.activation});
        return norm(outer + attended, name + ".output.LayerNorm");
    }

    // Over neighbouring tokens of the embeddings, added to what the first layer gives. Padding counts as zeros.
    Value convolution(const Value& embeddings, const Value& layer) const {
        const size_t hidden = m_config.hidden;
        const Value mask = make<op::v0::Convert>(
            make<op::v0::Unsqueeze>(m_inputs.attention_mask, constant(std::vector<int64_t>{2})), ov::element::f32);
        const auto swap = [](const Value& x) {
            return make<op::v1::Transpose>(x, constant(std::vector<int64_t>{0, 2, 1}));
        };
        const auto padding = static_cast<std::ptrdiff_t>(m_config.kernel / 2);
        const Value sums = make<op::v1::Convolution>(
            swap(embeddings * mask), m_weights.get("encoder.conv.conv.weight", {hidden, hidden, m_config.kernel}),
            ov::Strides{1}, ov::CoordinateDiff{padding}, ov::CoordinateDiff{padding}, ov::Strides{1});
        const Value convolved = swap(sums) + m_weights.get("encoder.conv.conv.bias", {hidden});
        return norm(layer + activation(convolved, m_config.conv_activation), "encoder.conv.LayerNorm");
    }

    const Weights& m_weights;
    const DebertaConfig& m_config;
    const EncoderInputs& m_inputs;
    Value m_mask;
    Value m_key_positions, m_query_positions;  // [1, 2S, hidden]
};

}  // namespace

std::shared_ptr<ov::Model> build_deberta_v2(const Json& json, std::shared_ptr<const Safetensors> file) {
    const DebertaConfig config(json);
    const Weights weights(std::move(file), "deberta.", "embeddings.word_embeddings.weight");
    return encoder("deberta_v2",
                   [&](const EncoderInputs& inputs) { return Deberta(weights, config, inputs).hidden_states(); });
}

}  // namespace ovembed::graph
