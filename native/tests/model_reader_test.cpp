#include "core/model_reader.h"

#include <algorithm>
#include <functional>

#include "core/runtime.h"
#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/expect.h"
#include "tests/graphs.h"

namespace ovembed {
namespace {

using testing::expect_error;
using testing::read_bytes;
using testing::safetensors_file;
using testing::TensorToWrite;
using testing::tiny_config;
using testing::tiny_weights;
using testing::TinyModel;
using testing::TinyModelOptions;
using testing::write_file;

const testing::Rows kRows{{2, 5, 9, 3}, {2, 60, 61, 62, 63, 64, 3}, {2, 3}};

std::vector<float> vectors(const EngineOptions& options) {
    TextEmbeddingPipeline pipeline(std::make_shared<InferenceEngine>(options), {});
    return testing::embed(pipeline, testing::parts_of(kRows), testing::token_vectors(8)).data;
}

std::vector<float> vectors(const TinyModelOptions& options) {
    const TinyModel model(options);
    return vectors(testing::engine_options(model));
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b, float tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << i;
}

TEST(ModelReader, KnowsItsSourcesByName) {
    EXPECT_EQ(source_kind("openvino"), SourceKind::OpenVino);
    EXPECT_EQ(source_kind("onnx"), SourceKind::Onnx);
    EXPECT_EQ(source_kind("safetensors"), SourceKind::Safetensors);
    expect_error(ErrorCode::InvalidArgument, "received 'pytorch'", [] { source_kind("pytorch"); });
}

TEST(ModelReader, BuildsBertFromSafetensors) {
    const TinyModel model;
    const ModelGraph graph = read_model({SourceKind::Safetensors, model.weights()});
    EXPECT_EQ(graph.max_positions, 64U);
    EXPECT_EQ(graph.vocabulary, testing::tiny_vocabulary().size());
    EXPECT_EQ(graph.file, model.weights());
    ASSERT_EQ(graph.weights.size(), 1U);
    EXPECT_TRUE(graph.weights.front()->unchanged());
}

TEST(ModelReader, GivesTheSameVectorsHoweverTheWeightsAreWritten) {
    const auto expected = vectors(TinyModelOptions{});
    TinyModelOptions prefixed;
    prefixed.prefix = "bert.";
    prefixed.position_ids = true;
    EXPECT_TRUE(testing::same_bits(vectors(prefixed), expected));
    TinyModelOptions unaligned;
    unaligned.align = 1;
    EXPECT_TRUE(testing::same_bits(vectors(unaligned), expected));
    for (const auto& type : {ov::element::f16, ov::element::bf16}) {
        TinyModelOptions half;
        half.weights = type;
        expect_near(vectors(half), expected, type == ov::element::f16 ? 0.02F : 0.15F);
    }
}

// The model's tensors, dealt out in turn to `count` files.
ModelSource write_shards(const TinyModel& model, size_t count) {
    std::vector<std::vector<TensorToWrite>> parts(count);
    size_t next = 0;
    for (const auto& [name, tensor] : tiny_weights({})) parts[next++ % count].push_back(tensor);
    ModelSource source{SourceKind::Safetensors, model.file("model.safetensors.index.json"), {}};
    source.files.push_back(source.file);
    for (size_t i = 0; i < count; ++i) {
        source.files.push_back(model.file("part-" + std::to_string(i) + ".safetensors"));
        write_file(source.files.back(), safetensors_file(parts[i]));
    }
    return source;
}

TEST(ModelReader, ReadsShardsAsOneModel) {
    const TinyModel model;
    auto options = testing::engine_options(model);
    const auto expected = vectors(options);
    options.source = write_shards(model, 3);
    EXPECT_TRUE(testing::same_bits(vectors(options), expected));
    const ModelGraph graph = read_model(options.source);
    ASSERT_EQ(graph.weights.size(), 3U);
    EXPECT_EQ(graph.weights.back()->path(), options.source.files.back());
}

TEST(ModelReader, NamesTheShardThatIsWrong) {
    const TinyModel model;
    ModelSource source = write_shards(model, 3);
    const std::string last = source.files.back();
    source.files.pop_back();
    expect_error(ErrorCode::ModelInvalid, "and 1 more has no tensor", [&] { read_model(source); });
    source.files.push_back(source.files[1]);
    expect_error(ErrorCode::ModelInvalid, "part-0.safetensors and in ", [&] { read_model(source); });
    source.files.back() = model.file("other.safetensors");
    expect_error(ErrorCode::ModelNotFound, "other.safetensors", [&] { read_model(source); });
    source.files.back() = last;
    const ModelGraph graph = read_model(source);
    std::filesystem::remove(last);
    expect_error(ErrorCode::ModelInvalid, "part-2.safetensors changed", [&] { check_unchanged(graph.weights); });
}

// Two engines are one if their files are: all of them count.
TEST(ModelReader, NamesAllFilesOfASource) {
    using Files = std::vector<std::string>;
    EXPECT_EQ(files_of({SourceKind::OpenVino, "d/m.xml", {}}), (Files{"d/m.xml", "d/m.bin"}));
    EXPECT_EQ(files_of({SourceKind::Onnx, "d/m.onnx", {"d/m.onnx", "d/m.onnx_data"}}),
              (Files{"d/m.onnx", "d/m.onnx_data"}));
    EXPECT_EQ(files_of({SourceKind::Safetensors, "d/m.safetensors", {}}), (Files{"d/m.safetensors", "d/config.json"}));
}

TEST(ModelReader, HeedsActivationHeadsAndLayers) {
    const auto expected = vectors(TinyModelOptions{});
    const auto differs = [&](const TinyModelOptions& options) {
        return !testing::same_bits(vectors(options), expected);
    };
    for (const char* name : {"relu", "silu", "swish", "tanh", "gelu_new"}) {
        TinyModelOptions options;
        options.activation = name;
        EXPECT_TRUE(differs(options)) << name;
    }
    TinyModelOptions options;
    options.heads = 1;
    EXPECT_TRUE(differs(options));
    options = {};
    options.layers = 1;
    EXPECT_TRUE(differs(options));
}

TEST(ModelReader, ReadsIrOfTheSameModel) {
    const TinyModel model;
    write_ir(model, model.file("model.xml"));
    auto options = testing::engine_options(model);
    const auto expected = vectors(options);
    options.source = {SourceKind::OpenVino, model.file("model.xml")};
    EXPECT_TRUE(testing::same_bits(vectors(options), expected));
    const ModelGraph graph = read_model(options.source);
    EXPECT_EQ(graph.vocabulary, testing::tiny_vocabulary().size());
    EXPECT_EQ(graph.max_positions, 64U);
    EXPECT_TRUE(graph.weights.empty());
}

TEST(ModelReader, MakesFixedShapesDynamic) {
    const testing::TempFolder folder;
    const auto ids = testing::parameter("input_ids", {1, 16});
    const auto mask = testing::parameter("attention_mask", {1, 16});
    const auto tokens = testing::masked_look_up(ids, mask, 12, 4);
    ov::save_model(std::make_shared<ov::Model>(ov::ResultVector{testing::result("last_hidden_state", tokens)},
                                               ov::ParameterVector{ids, mask}),
                   folder.file("m.xml"));
    const ModelGraph graph = read_model({SourceKind::OpenVino, folder.file("m.xml")});
    EXPECT_EQ(graph.vocabulary, 12U);
    EXPECT_EQ(graph.max_positions, 0U) << "there are no position embeddings";
    for (const auto& input : graph.model->inputs()) {
        EXPECT_EQ(input.get_partial_shape(), (ov::PartialShape{-1, -1}));
    }
}

// What nobody asks for costs no time: pooler_output, hidden states of other layers.
TEST(ModelReader, LeavesOutWhatIsNotUsed) {
    const testing::TempFolder folder;
    const auto ids = testing::parameter("input_ids");
    const auto mask = testing::parameter("attention_mask");
    const auto tokens = testing::masked_look_up(ids, mask, 12, 4);
    const auto pooled = testing::result("pooler_output", testing::mean_over_tokens(tokens));
    const auto other = testing::result("hidden_states.0", testing::look_up(ids, 12, 4));
    ov::save_model(
        std::make_shared<ov::Model>(ov::ResultVector{pooled, testing::result("last_hidden_state", tokens), other},
                                    ov::ParameterVector{ids, mask}),
        folder.file("m.xml"));
    const auto model = read_model({SourceKind::OpenVino, folder.file("m.xml")}).model;
    ASSERT_EQ(model->outputs().size(), 1U);
    EXPECT_EQ(model->output().get_names().count("last_hidden_state"), 1U);
}

// A table of 20 positions, cut to the row's length and added, as exports do it.
TEST(ModelReader, FindsTheLongestRowOfAGraphThatPools) {
    const testing::TempFolder folder;
    const auto ids = testing::parameter("input_ids");
    const auto mask = testing::parameter("attention_mask");
    const auto integers = [](std::vector<int64_t> values) {
        return ov::op::v0::Constant::create(ov::element::i64, {values.size()}, values);
    };
    const auto length =
        std::make_shared<ov::op::v8::Gather>(std::make_shared<ov::op::v3::ShapeOf>(ids), integers({1}), integers({0}));
    const auto table = ov::op::v0::Constant::create(ov::element::f32, {20, 4}, std::vector<float>(80, 1));
    const auto positions =
        std::make_shared<ov::op::v8::Slice>(table, integers({0}), length, integers({1}), integers({0}));
    const auto tokens = std::make_shared<ov::op::v1::Add>(testing::masked_look_up(ids, mask, 12, 4), positions);
    const auto sentence = testing::result("sentence_embedding", testing::mean_over_tokens(tokens));
    ov::save_model(std::make_shared<ov::Model>(ov::ResultVector{sentence}, ov::ParameterVector{ids, mask}),
                   folder.file("m.xml"));
    EXPECT_EQ(read_model({SourceKind::OpenVino, folder.file("m.xml")}).max_positions, 20U);
}

// What a test does to a good folder before it is loaded.
struct Damage {
    const char* name;
    ErrorCode code;
    const char* part;  // of the message
    std::function<void(const TinyModel&)> apply;
};

void set_config(const TinyModel& model, const std::string& from, const std::string& to) {
    std::string config = read_bytes(model.file("config.json"));
    const size_t at = config.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file(model.file("config.json"), config.replace(at, from.size(), to));
}

// Writes the weights again with one tensor changed, or left out where `change` gives false.
void set_tensor(const TinyModel& model, const std::string& name, const std::function<bool(TensorToWrite&)>& change) {
    std::vector<TensorToWrite> tensors;
    for (auto [key, tensor] : tiny_weights({})) {
        if (key != name || change(tensor)) tensors.push_back(tensor);
    }
    write_file(model.weights(), safetensors_file(tensors));
}

void add_tensors(const TinyModel& model, const std::vector<std::string>& names) {
    std::vector<TensorToWrite> tensors;
    for (auto [key, tensor] : tiny_weights({})) tensors.push_back(tensor);
    for (const auto& name : names) tensors.push_back(testing::float_tensor(name, {1}, {1}, ov::element::f32));
    write_file(model.weights(), safetensors_file(tensors));
}

void resize(const std::string& path, double share) {
    std::filesystem::resize_file(path,
                                 static_cast<size_t>(static_cast<double>(std::filesystem::file_size(path)) * share));
}

Damage config_damage(const char* name, ErrorCode code, const char* part, const char* from, const char* to) {
    return {name, code, part, [=](const TinyModel& model) { set_config(model, from, to); }};
}

const Damage kSafetensorsDamages[] = {
    {"weights missing", ErrorCode::ModelNotFound, "There is no file",
     [](const TinyModel& model) { std::filesystem::remove(model.weights()); }},
    {"weights empty", ErrorCode::ModelInvalid, "is empty",
     [](const TinyModel& model) { write_file(model.weights(), ""); }},
    {"weights cut", ErrorCode::ModelInvalid, "safetensors",
     [](const TinyModel& model) { resize(model.weights(), 0.9); }},
    {"weights cut in the header", ErrorCode::ModelInvalid, "safetensors",
     [](const TinyModel& model) { std::filesystem::resize_file(model.weights(), 300); }},
    {"weights garbled", ErrorCode::ModelInvalid, "safetensors",
     [](const TinyModel& model) { write_file(model.weights(), std::string(5000, '\x5a')); }},
    {"weights are a pickle", ErrorCode::ModelInvalid, "safetensors",
     [](const TinyModel& model) { write_file(model.weights(), std::string("PK\x03\x04") + std::string(100, '\0')); }},
    {"tensor missing", ErrorCode::ModelInvalid, "no tensor 'encoder.layer.1.output.dense.bias'",
     [](const TinyModel& model) {
         set_tensor(model, "encoder.layer.1.output.dense.bias", [](TensorToWrite&) { return false; });
     }},
    {"tensor transposed", ErrorCode::ModelInvalid, "Expected shape [64,32]",
     [](const TinyModel& model) {
         set_tensor(model, "encoder.layer.0.intermediate.dense.weight", [](TensorToWrite& tensor) {
             std::reverse(tensor.shape.begin(), tensor.shape.end());
             return true;
         });
     }},
    {"tensor of integers", ErrorCode::ModelUnsupported, "stored as I32",
     [](const TinyModel& model) {
         set_tensor(model, "embeddings.LayerNorm.bias", [](TensorToWrite& tensor) {
             tensor.dtype = "I32";
             return true;
         });
     }},
    {"config missing", ErrorCode::ModelNotFound, "config.json",
     [](const TinyModel& model) { std::filesystem::remove(model.file("config.json")); }},
    {"config is no JSON", ErrorCode::ModelInvalid, "config.json",
     [](const TinyModel& model) { write_file(model.file("config.json"), "{"); }},
    {"config is an array", ErrorCode::ModelInvalid, "Expected a JSON object",
     [](const TinyModel& model) { write_file(model.file("config.json"), "[]"); }},
    {"config is a folder", ErrorCode::ModelInvalid, "not a regular file",
     [](const TinyModel& model) {
         std::filesystem::remove(model.file("config.json"));
         std::filesystem::create_directory(model.file("config.json"));
     }},
    config_damage("model_type unknown", ErrorCode::ModelUnsupported, "supported: albert, bert, ", "\"bert\"",
                  "\"xlnet\""),
    config_damage("model_type missing", ErrorCode::ModelUnsupported, "model_type ''", "\"model_type\"", "\"other\""),
    config_damage("model_type a number", ErrorCode::ModelInvalid, "Expected a string for model_type", "\"bert\"", "1"),
    config_damage("activation unknown", ErrorCode::ModelUnsupported, "'mish'", "\"gelu\"", "\"mish\""),
    config_damage("hidden size zero", ErrorCode::ModelInvalid, "hidden_size", "\"hidden_size\":32",
                  "\"hidden_size\":0"),
    config_damage("hidden size other", ErrorCode::ModelInvalid, "Expected shape", "\"hidden_size\":32",
                  "\"hidden_size\":64"),
    config_damage("hidden size largest", ErrorCode::ModelInvalid, "Expected shape", "\"hidden_size\":32",
                  "\"hidden_size\":2147483644"),
    config_damage("hidden size text", ErrorCode::ModelInvalid, "found '32'", "\"hidden_size\":32",
                  "\"hidden_size\":\"32\""),
    config_damage("heads do not divide", ErrorCode::ModelInvalid, "no multiple of num_attention_heads 5",
                  "\"num_attention_heads\":4", "\"num_attention_heads\":5"),
    config_damage("heads zero", ErrorCode::ModelInvalid, "num_attention_heads", "\"num_attention_heads\":4",
                  "\"num_attention_heads\":0"),
    config_damage("too many layers", ErrorCode::ModelInvalid, "no tensor 'encoder.layer.2.", "\"num_hidden_layers\":2",
                  "\"num_hidden_layers\":2147483647"),
    config_damage("positions other", ErrorCode::ModelInvalid, "Expected shape [512,32]",
                  "\"max_position_embeddings\":64", "\"max_position_embeddings\":512"),
    config_damage("vocabulary other", ErrorCode::ModelInvalid, "word_embeddings", "\"vocab_size\"", "\"other\""),
    config_damage("epsilon negative", ErrorCode::ModelInvalid, "layer_norm_eps", "1e-12", "-1e-12"),
    config_damage("epsilon zero", ErrorCode::ModelInvalid, "layer_norm_eps", "1e-12", "0"),
    config_damage("epsilon absurd", ErrorCode::ModelInvalid, "layer_norm_eps", "1e-12", "1e300"),
    config_damage("relative positions", ErrorCode::ModelUnsupported, "position_embedding_type 'relative_key'",
                  "\"hidden_act\"", "\"position_embedding_type\":\"relative_key\",\"hidden_act\""),
    config_damage("code of its own", ErrorCode::ModelUnsupported, "'own--modeling.OtherModel'", "\"hidden_act\"",
                  "\"auto_map\":{\"AutoModel\":\"own--modeling.OtherModel\"},\"hidden_act\""),
    {"a tensor more in a layer", ErrorCode::ModelUnsupported, "such as 'encoder.layer.1.adapter.weight'",
     [](const TinyModel& model) { add_tensors(model, {"encoder.layer.1.adapter.weight"}); }},
    config_damage("decoder", ErrorCode::ModelUnsupported, "is_decoder", "\"hidden_act\"",
                  "\"is_decoder\":true,\"hidden_act\""),
};

TEST(ModelReader, RefusesDamagedSafetensorsModels) {
    for (const auto& damage : kSafetensorsDamages) {
        SCOPED_TRACE(damage.name);
        const TinyModel model;
        EXPECT_NO_THROW(read_model({SourceKind::Safetensors, model.weights()})) << "the undamaged model must load";
        damage.apply(model);
        expect_error(damage.code, damage.part, [&] { read_model({SourceKind::Safetensors, model.weights()}); });
    }
}

TEST(ModelReader, LeavesTensorsBesideTheEncodersLayersAlone) {
    const TinyModel model;
    add_tensors(model, {"pooler.dense.bias", "cls.predictions.bias", "encoder.layer.2.output.dense.bias",
                        "decoder.layer.0.output.dense.bias", "encoder.layer.0.attention.self.rotary_emb.inv_freq"});
    EXPECT_NO_THROW(read_model({SourceKind::Safetensors, model.weights()}));
}

void garble(const std::string& path, double from, double to) {
    std::string bytes = read_bytes(path);
    const auto at = [&](double share) {
        return bytes.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(bytes.size()));
    };
    std::fill(at(from), at(to), '\x01');
    write_file(path, bytes);
}

const Damage kIrDamages[] = {
    {"xml missing", ErrorCode::ModelNotFound, "There is no file",
     [](const TinyModel& model) { std::filesystem::remove(model.file("model.xml")); }},
    {"xml empty", ErrorCode::ModelInvalid, "is empty",
     [](const TinyModel& model) { write_file(model.file("model.xml"), ""); }},
    {"xml cut early", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { resize(model.file("model.xml"), 0.1); }},
    {"xml cut in the middle", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { resize(model.file("model.xml"), 0.5); }},
    {"xml cut at the end", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { resize(model.file("model.xml"), 0.999); }},
    {"xml garbled at the start", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { garble(model.file("model.xml"), 0, 0.1); }},
    {"xml garbled in the middle", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { garble(model.file("model.xml"), 0.4, 0.6); }},
    {"xml is another document", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { write_file(model.file("model.xml"), "<?xml version=\"1.0\"?><html></html>"); }},
    {"xml is JSON", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { write_file(model.file("model.xml"), "{\"a\": 1}"); }},
    {"bin missing", ErrorCode::ModelNotFound, "model.bin",
     [](const TinyModel& model) { std::filesystem::remove(model.file("model.bin")); }},
    {"bin empty", ErrorCode::ModelInvalid, "is empty",
     [](const TinyModel& model) { write_file(model.file("model.bin"), ""); }},
    {"bin cut", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { resize(model.file("model.bin"), 0.5); }},
    {"bin of one byte", ErrorCode::ModelInvalid, "OpenVINO",
     [](const TinyModel& model) { write_file(model.file("model.bin"), "x"); }},
};

TEST(ModelReader, RefusesDamagedIr) {
    for (const auto& damage : kIrDamages) {
        SCOPED_TRACE(damage.name);
        const TinyModel model;
        write_ir(model, model.file("model.xml"));
        damage.apply(model);
        expect_error(damage.code, damage.part, [&] { read_model({SourceKind::OpenVino, model.file("model.xml")}); });
    }
}

TEST(ModelReader, RefusesDamagedOnnx) {
    const testing::TempFolder folder;
    const std::string path = folder.file("model.onnx");
    expect_error(ErrorCode::ModelNotFound, "There is no file", [&] { read_model({SourceKind::Onnx, path}); });
    for (const std::string& bytes :
         {std::string("x"), std::string(1000, '\xff'), std::string(1000, '\0'), std::string("\x08\x07", 2)}) {
        write_file(path, bytes);
        expect_error(ErrorCode::ModelInvalid, "not a model that OpenVINO can read",
                     [&] { read_model({SourceKind::Onnx, path}); });
    }
}

}  // namespace
}  // namespace ovembed
