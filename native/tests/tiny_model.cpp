#include "tests/tiny_model.h"

#include <openvino/core/graph_util.hpp>
#include <random>

#include "core/model_reader.h"

namespace ovembed::testing {
namespace {

// The standard's distributions differ between libraries; the generator itself does not.
class Random {
public:
    explicit Random(unsigned seed) : m_engine(seed) {}

    std::vector<float> values(size_t count, float middle, float spread) {
        std::vector<float> values(count);
        for (auto& value : values) value = middle + spread * (static_cast<float>(m_engine() >> 8) / 8388608.0F - 1);
        return values;
    }

private:
    std::mt19937 m_engine;
};

class WeightsMaker {
public:
    WeightsMaker(const TinyModelOptions& options, TinyWeights& target)
        : m_random(options.seed), m_type(options.weights), m_target(target) {}

    void table(const std::string& name, size_t rows, size_t columns) {
        add(name, {rows, columns}, m_random.values(rows * columns, 0, 0.5F));
    }
    void linear(const std::string& name, size_t out, size_t in) {
        table(name + ".weight", out, in);
        add(name + ".bias", {out}, m_random.values(out, 0, 0.1F));
    }
    void layer_norm(const std::string& name, size_t width) {
        add(name + ".weight", {width}, m_random.values(width, 1, 0.3F));
        add(name + ".bias", {width}, m_random.values(width, 0, 0.1F));
    }

private:
    void add(const std::string& name, const std::vector<size_t>& shape, const std::vector<float>& values) {
        m_target[name] = float_tensor(name, shape, values, m_type);
    }

    Random m_random;
    ov::element::Type m_type;
    TinyWeights& m_target;
};

std::vector<std::string> make_vocabulary() {
    std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (char letter = 'a'; letter <= 'z'; ++letter) tokens.emplace_back(1, letter);
    for (char letter = 'a'; letter <= 'z'; ++letter) tokens.push_back(std::string("##") + letter);
    for (const char* word : {"the", "of", "and", "sea", "wind", "##ing", "##ed", "over", ".", ",", "!"})
        tokens.emplace_back(word);
    return tokens;
}

}  // namespace

const std::vector<std::string>& tiny_vocabulary() {
    static const auto tokens = make_vocabulary();
    return tokens;
}

TinyWeights tiny_weights(const TinyModelOptions& options) {
    TinyWeights weights;
    WeightsMaker make(options, weights);
    make.table("embeddings.word_embeddings.weight", tiny_vocabulary().size(), options.hidden);
    make.table("embeddings.position_embeddings.weight", options.positions, options.hidden);
    make.table("embeddings.token_type_embeddings.weight", 2, options.hidden);
    make.layer_norm("embeddings.LayerNorm", options.hidden);
    for (size_t i = 0; i < options.layers; ++i) {
        const std::string layer = "encoder.layer." + std::to_string(i);
        for (const char* part : {"query", "key", "value"}) {
            make.linear(layer + ".attention.self." + part, options.hidden, options.hidden);
        }
        make.linear(layer + ".attention.output.dense", options.hidden, options.hidden);
        make.layer_norm(layer + ".attention.output.LayerNorm", options.hidden);
        make.linear(layer + ".intermediate.dense", options.intermediate, options.hidden);
        make.linear(layer + ".output.dense", options.hidden, options.intermediate);
        make.layer_norm(layer + ".output.LayerNorm", options.hidden);
    }
    return weights;
}

std::string tiny_config(const TinyModelOptions& options) {
    const auto number = [](const char* key, size_t value) {
        return std::string(",\"") + key + "\":" + std::to_string(value);
    };
    return R"({"model_type":"bert","hidden_act":")" + options.activation + R"(","layer_norm_eps":1e-12)" +
           number("hidden_size", options.hidden) + number("num_attention_heads", options.heads) +
           number("num_hidden_layers", options.layers) + number("intermediate_size", options.intermediate) +
           number("max_position_embeddings", options.positions) + number("vocab_size", tiny_vocabulary().size()) +
           number("type_vocab_size", 2) + "}";
}

std::string tiny_tokenizer() {
    std::string vocabulary;
    for (size_t i = 0; i < tiny_vocabulary().size(); ++i) {
        vocabulary += (i == 0 ? "\"" : ",\"") + tiny_vocabulary()[i] + "\":" + std::to_string(i);
    }
    return R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[
{"id":0,"content":"[PAD]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
{"id":1,"content":"[UNK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
{"id":2,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
{"id":3,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
{"id":4,"content":"[MASK]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
"pre_tokenizer":{"type":"BertPreTokenizer"},
"post_processor":{"type":"TemplateProcessing",
"single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
"special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},
"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
"vocab":{)" +
           vocabulary + "}}}";
}

TinyModel::TinyModel(const TinyModelOptions& options) {
    std::vector<TensorToWrite> tensors;
    for (auto [name, tensor] : tiny_weights(options)) {
        tensor.name = options.prefix + name;
        tensors.push_back(tensor);
    }
    if (options.position_ids) {
        tensors.push_back({options.prefix + "embeddings.position_ids",
                           "I64",
                           {1, options.positions},
                           std::string(options.positions * sizeof(int64_t), '\0')});
    }
    write_file(weights(), safetensors_file(tensors, options.align));
    write_file(file("config.json"), tiny_config(options));
    write_file(tokenizer(), tiny_tokenizer());
}

void write_ir(const TinyModel& model, const std::string& xml) {
    ov::save_model(read_model({SourceKind::Safetensors, model.weights()}).model, xml, false);
}

}  // namespace ovembed::testing
