#include "core/graph/bert.h"

#include <openvino/op/ops.hpp>

#include "core/error.h"
#include "core/graph/layers.h"

namespace ovembed::graph {
namespace {

namespace op = ov::op;

// What of config.json shapes the graph; defaults are those of transformers' BertConfig.
struct BertConfig {
    size_t hidden, heads, layers, intermediate, vocabulary, positions, types;
    double epsilon;
    std::string activation;

    explicit BertConfig(const Json& json)
        : hidden(json.size("hidden_size", 768)),
          heads(json.size("num_attention_heads", 12)),
          layers(json.size("num_hidden_layers", 12)),
          intermediate(json.size("intermediate_size", 3072)),
          vocabulary(json.size("vocab_size", 30522)),
          positions(json.size("max_position_embeddings", 512)),
          types(json.size("type_vocab_size", 2)),
          epsilon(json.number("layer_norm_eps", 1e-12)),
          activation(json.text("hidden_act", "gelu")) {
        if (hidden % heads != 0) {
            throw Error(ErrorCode::ModelInvalid, json.name() + ": hidden_size " + std::to_string(hidden) +
                                                     " is no multiple of num_attention_heads " + std::to_string(heads) +
                                                     ".");
        }
        if (!(epsilon > 0 && epsilon < 1)) {
            throw Error(ErrorCode::ModelInvalid, json.name() + ": layer_norm_eps is not between 0 and 1.");
        }
        if (const auto type = json.text("position_embedding_type", "absolute"); type != "absolute") {
            throw Error(ErrorCode::ModelUnsupported,
                        json.name() + ": position_embedding_type '" + type + "' is not supported; 'absolute' is.");
        }
        if (json.boolean("is_decoder", false)) {
            throw Error(ErrorCode::ModelUnsupported, json.name() + ": is_decoder is not supported for bert.");
        }
    }
};

// The first S rows of the position table, each with the embedding of token type 0 added.
Value position_embeddings(const Value& input_ids, const Weights& weights, const BertConfig& config) {
    const Value positions = weights.get("embeddings.position_embeddings.weight", {config.positions, config.hidden});
    const Value types = weights.get("embeddings.token_type_embeddings.weight", {config.types, config.hidden});
    const Value type_zero =
        std::make_shared<op::v8::Gather>(types, constant(std::vector<int64_t>{0}), constant(std::vector<int64_t>{0}));
    const Value table = std::make_shared<op::v1::Add>(positions, type_zero);

    const Value shape = std::make_shared<op::v3::ShapeOf>(input_ids);
    const Value length =
        std::make_shared<op::v8::Gather>(shape, constant(std::vector<int64_t>{1}), constant(std::vector<int64_t>{0}));
    return std::make_shared<op::v8::Slice>(table, constant(std::vector<int64_t>{0}), length,
                                           constant(std::vector<int64_t>{1}), constant(std::vector<int64_t>{0}));
}

Value embeddings(const Value& input_ids, const Weights& weights, const BertConfig& config) {
    const Value table = weights.get("embeddings.word_embeddings.weight", {config.vocabulary, config.hidden});
    const Value words = std::make_shared<op::v8::Gather>(table, input_ids, constant(std::vector<int64_t>{0}));
    const Value sum = std::make_shared<op::v1::Add>(words, position_embeddings(input_ids, weights, config));
    return layer_norm(sum, weights, "embeddings.LayerNorm", config.hidden, config.epsilon);
}

Value add_and_norm(const Value& x, const Value& residual, const Weights& weights, const std::string& name,
                   const BertConfig& config) {
    return layer_norm(std::make_shared<op::v1::Add>(x, residual), weights, name, config.hidden, config.epsilon);
}

Value encoder_layer(const Value& x, const Value& mask, const Weights& weights, const std::string& name,
                    const BertConfig& config) {
    const Value attended =
        self_attention(x, mask, weights, name + ".attention.self", AttentionShape{config.hidden, config.heads});
    const Value projected = linear(attended, weights, name + ".attention.output.dense", config.hidden, config.hidden);
    const Value attention = add_and_norm(projected, x, weights, name + ".attention.output.LayerNorm", config);

    const Value inner =
        activation(linear(attention, weights, name + ".intermediate.dense", config.hidden, config.intermediate),
                   config.activation);
    const Value outer = linear(inner, weights, name + ".output.dense", config.intermediate, config.hidden);
    return add_and_norm(outer, attention, weights, name + ".output.LayerNorm", config);
}

}  // namespace

std::shared_ptr<ov::Model> build_bert(const Json& json, std::shared_ptr<const Safetensors> file) {
    const BertConfig config(json);
    const Weights weights(std::move(file), "bert.", "embeddings.word_embeddings.weight");

    const auto input = [](const std::string& name) {
        const auto parameter =
            std::make_shared<op::v0::Parameter>(ov::element::i64, ov::PartialShape{ov::Dimension(), ov::Dimension()});
        parameter->set_friendly_name(name);
        parameter->output(0).set_names({name});
        return parameter;
    };
    const auto input_ids = input("input_ids");
    const auto attention_mask = input("attention_mask");

    const Value mask = additive_mask(attention_mask);
    Value hidden = embeddings(input_ids, weights, config);
    for (size_t i = 0; i < config.layers; ++i) {
        hidden = encoder_layer(hidden, mask, weights, "encoder.layer." + std::to_string(i), config);
    }
    const auto result = std::make_shared<op::v0::Result>(hidden);
    result->output(0).set_names({"last_hidden_state"});
    return std::make_shared<ov::Model>(ov::ResultVector{result}, ov::ParameterVector{input_ids, attention_mask},
                                       "bert");
}

}  // namespace ovembed::graph
