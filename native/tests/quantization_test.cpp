// Weights in int8: what is quantised, how exactly, and that it stays so through files and blobs.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <openvino/op/ops.hpp>

#include "core/convert.h"
#include "core/quantization/activations.h"
#include "core/quantization/calibration.h"
#include "core/quantization/constants.h"
#include "core/quantization/stored.h"
#include "core/quantization/weights.h"
#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/expect.h"

namespace ovembed {
namespace {

namespace op = ov::op;
using quantization::Stored;
using testing::embed;
using testing::engine_options;
using testing::pooled;
using testing::TinyModel;

std::shared_ptr<op::v0::Parameter> parameter(const ov::PartialShape& shape, ov::element::Type type = ov::element::f32) {
    return std::make_shared<op::v0::Parameter>(type, shape);
}

std::shared_ptr<op::v0::Constant> matrix(const ov::Shape& shape, const std::vector<float>& values,
                                         ov::element::Type type = ov::element::f32) {
    return std::make_shared<op::v0::Constant>(type, shape, values);
}

std::shared_ptr<ov::Model> product(const ov::Output<ov::Node>& weight, bool transposed) {
    const auto x = parameter({-1, 2});
    const auto y = std::make_shared<op::v0::MatMul>(x, weight, false, transposed);
    return std::make_shared<ov::Model>(ov::OutputVector{y}, ov::ParameterVector{x});
}

const op::v0::MatMul& product_of(const ov::Model& model) {
    for (const auto& node : model.get_ordered_ops()) {
        if (const auto* found = ov::as_type<op::v0::MatMul>(node.get())) return *found;
    }
    throw std::logic_error("no product");
}

// What the weight of the product is now, in f32; empty if it is not 8 bits and a factor per row.
std::vector<float> dequantized(const ov::Model& model) {
    const auto* multiply = ov::as_type<op::v1::Multiply>(product_of(model).get_input_node_ptr(1));
    if (multiply == nullptr) return {};
    const auto values =
        ov::as_type_ptr<op::v0::Constant>(multiply->get_input_node_ptr(0)->get_input_node_shared_ptr(0));
    const auto factors = ov::as_type_ptr<op::v0::Constant>(multiply->get_input_node_shared_ptr(1));
    EXPECT_EQ(values->get_element_type(), ov::element::i8);
    const size_t length = values->get_shape()[1];
    std::vector<float> result;
    const auto steps = values->cast_vector<float>();
    for (size_t i = 0; i < steps.size(); ++i) result.push_back(steps[i] * factors->cast_vector<float>()[i / length]);
    return result;
}

TEST(QuantizeWeights, GivesEveryOutputChannelItsOwnFactor) {
    const auto model = product(matrix({3, 2}, {127, -64, 0.5F, 1.27F, 0, 0}), true);
    quantization::quantize_weights(*model);
    const auto weight = dequantized(*model);
    ASSERT_EQ(weight.size(), 6U);
    EXPECT_FLOAT_EQ(weight[0], 127);
    EXPECT_FLOAT_EQ(weight[1], -64);
    EXPECT_NEAR(weight[2], 0.5F, 0.005F);  // half a step of the channel, not of the matrix
    EXPECT_FLOAT_EQ(weight[3], 1.27F);
    EXPECT_EQ(weight[4], 0);
    EXPECT_EQ(weight[5], 0);
}

TEST(QuantizeWeights, FindsWeightsBehindConversionsAndFactorsAndTurnsThem) {
    const auto stored = matrix({2, 3}, {1, 10, 100, -2, -20, -200}, ov::element::f16);
    const auto widened = std::make_shared<op::v0::Convert>(stored, ov::element::f32);
    const auto scaled = std::make_shared<op::v1::Multiply>(widened, matrix({}, {2}));
    const auto model = product(scaled, false);
    quantization::quantize_weights(*model);
    const auto weight = dequantized(*model);
    ASSERT_EQ(weight.size(), 6U);
    EXPECT_TRUE(product_of(*model).get_transpose_b());
    const float expected[] = {2, -4, 20, -40, 200, -400};
    for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(weight[i], expected[i], std::fabs(expected[i]) * 0.008F) << i;
}

// Two layers of one set of weights, as ALBERT's are built: constants of their own upon the same memory, with a factor.
TEST(QuantizeWeights, QuantiseOnceWhatSeveralProductsShare) {
    const auto memory = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4});
    const auto layer = [&](const ov::Output<ov::Node>& x, float factor, bool transposed) {
        const auto weight =
            std::make_shared<op::v0::Constant>(ov::element::f32, ov::Shape{2, 2}, memory->data(), memory);
        const auto scaled = std::make_shared<op::v1::Multiply>(weight, matrix({}, {factor}));
        return std::make_shared<op::v0::MatMul>(x, scaled, false, transposed);
    };
    const auto x = parameter({-1, 2});
    const auto first = layer(x, 2, true);
    const auto same = layer(first, 2, true);
    const auto other_factor = layer(same, 3, true);
    const auto other_way = layer(other_factor, 2, false);
    ov::Model model(ov::OutputVector{other_way}, ov::ParameterVector{x});
    quantization::quantize_weights(model);

    const auto values = [](const auto& node) {
        return node->get_input_node_ptr(1)->get_input_node_ptr(0)->get_input_node_ptr(0);
    };
    EXPECT_EQ(values(first), values(same));
    EXPECT_EQ(first->get_input_node_ptr(1)->get_input_node_ptr(1), same->get_input_node_ptr(1)->get_input_node_ptr(1));
    EXPECT_NE(first->get_input_node_ptr(1), same->get_input_node_ptr(1));
    EXPECT_NE(values(first), values(other_factor));
    EXPECT_NE(values(first), values(other_way));
}

TEST(QuantizeWeights, LeavesProductsOfActivationsAndWhatIsQuantisedAlready) {
    const auto x = parameter({-1, 2});
    const auto y = parameter({-1, 2});
    const auto both = std::make_shared<op::v0::MatMul>(x, y, false, true);
    const ov::Model model(ov::OutputVector{both}, ov::ParameterVector{x, y});
    quantization::quantize_weights(const_cast<ov::Model&>(model));
    EXPECT_EQ(product_of(model).get_input_node_ptr(1), y.get());

    const auto stored =
        std::make_shared<op::v0::Convert>(matrix({3, 2}, {1, 2, 3, 4, 5, 6}, ov::element::i8), ov::element::f32);
    const auto quantized = product(stored, true);
    quantization::quantize_weights(*quantized);
    EXPECT_EQ(product_of(*quantized).get_input_node_ptr(1), stored.get());
}

TEST(QuantizeWeights, KeepsNonFiniteWeightsNonFinite) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        const auto model = product(matrix({2, 2}, {1, bad, 1, 1}), true);
        quantization::quantize_weights(*model);
        const auto weight = dequantized(*model);
        EXPECT_TRUE(std::isnan(weight[0]));
        EXPECT_TRUE(std::isfinite(weight[2]));
    }
}

TEST(QuantizeWeights, QuantisesTheTableOfTheTokenIdsByRows) {
    const auto ids = parameter({-1, -1}, ov::element::i64);
    ids->output(0).set_names({"input_ids"});
    const auto axis = op::v0::Constant::create(ov::element::i64, ov::Shape{}, {0});
    const auto words = std::make_shared<op::v8::Gather>(matrix({2, 2}, {127, 1, 1, 0.5F}), ids, axis);
    ov::Model model(ov::OutputVector{words}, ov::ParameterVector{ids});
    quantization::quantize_weights(model);
    EXPECT_TRUE(quantization::is_quantized_constant(words->input_value(0)));
}

TEST(ActivationGroup, DividesTheWidthsOfAllProducts) {
    const auto group_for = [](size_t width) {
        const auto x = parameter({-1, static_cast<int64_t>(width)});
        const auto weight = matrix({1, width}, std::vector<float>(width, 1));
        const auto y = std::make_shared<op::v0::MatMul>(x, weight, false, true);
        ov::Model model(ov::OutputVector{y}, ov::ParameterVector{x});
        quantization::quantize_weights(model);
        return quantization::activation_group(model);
    };
    EXPECT_EQ(group_for(384), 128U);
    EXPECT_EQ(group_for(320), 64U);
    EXPECT_EQ(group_for(32), 32U);
    testing::expect_error(ErrorCode::InvalidArgument, "width 312", [&] { group_for(312); });
}

TEST(Stored, TellsWhatAFileHolds) {
    const auto weight = matrix({3, 2}, {1, 2, 3, 4, 5, 6});
    const auto model = product(weight, true);
    EXPECT_EQ(quantization::stored(*model), Stored::None);
    quantization::quantize_weights(*model);
    EXPECT_EQ(quantization::stored(*model), Stored::Weights);

    const auto x = parameter({-1, 2});
    const auto low = matrix({}, {-1});
    const auto high = matrix({}, {1});
    const auto rounded = std::make_shared<op::v0::FakeQuantize>(x, low, high, low, high, 256);
    const auto y = std::make_shared<op::v0::MatMul>(rounded, weight, false, true);
    EXPECT_EQ(quantization::stored(ov::Model(ov::OutputVector{y}, ov::ParameterVector{x})), Stored::Static);
}

Embeddings vectors_of(const EngineOptions& options) {
    TextEmbeddingPipeline pipeline(InferenceEngine::open(options), {});
    return embed(pipeline, {{testing::encoding_of({{2, 5, 9, 31, 3}, {2, 60, 3}}), {0, 1}}}, pooled(16));
}

TEST(Int8, IsCloseToF32AndKeptInBlobs) {
    const TinyModel model;
    auto options = engine_options(model);
    const auto exact = vectors_of(options);
    options.int8_weights = true;
    options.blob_file = model.file("int8.blob");
    const auto compiled = vectors_of(options);
    ASSERT_TRUE(std::filesystem::exists(options.blob_file));
    EXPECT_NE(compiled.data, exact.data);
    double dot = 0;
    for (size_t i = 0; i < exact.data.size(); ++i) dot += exact.data[i] * compiled.data[i];
    EXPECT_GT(dot / 2, 0.999);  // two rows of length 1
    const auto engine = InferenceEngine::open(options);
    EXPECT_TRUE(engine->from_blob());
    EXPECT_EQ(engine->quantization(), Stored::None);
    EXPECT_EQ(vectors_of(options).data, compiled.data);
}

// On CPUs without VNNI the plugin has no kernel for quantised activations.
TEST(Int8, ActivationsStayQuantisedInBlobs) {
    const TinyModel model;
    auto options = engine_options(model);
    options.int8_weights = true;
    const auto plain = vectors_of(options).data;
    options.int8_activations = true;
    std::vector<float> quantized;
    try {
        quantized = vectors_of(options).data;
    } catch (const Error&) {
        GTEST_SKIP();
    }
    EXPECT_NE(quantized, plain);
    options.blob_file = model.file("activations.blob");
    EXPECT_EQ(vectors_of(options).data, quantized);
    EXPECT_EQ(vectors_of(options).data, quantized);
    EXPECT_TRUE(InferenceEngine::open(options)->from_blob());
}

TEST(Convert, WritesAModelThatGivesTheSameBits) {
    const TinyModel model;
    for (const char* weights : {"f32", "int8"}) {
        const std::string xml = model.file(std::string(weights) + ".xml");
        convert_model({SourceKind::Safetensors, model.weights()}, weights, xml);
        auto options = engine_options(model);
        options.int8_weights = std::string(weights) == "int8";
        const auto expected = vectors_of(options);
        options.int8_weights = false;
        options.source = {SourceKind::OpenVino, xml};
        EXPECT_EQ(vectors_of(options).data, expected.data) << weights;
        const auto stored = InferenceEngine::open(options)->quantization();
        EXPECT_EQ(stored, std::string(weights) == "int8" ? Stored::Weights : Stored::None);
    }
}

TEST(Convert, MakesSmallerFilesOfSmallerTypes) {
    testing::TinyModelOptions large;
    large.hidden = 128;
    large.intermediate = 256;
    const TinyModel model(large);
    const auto size = [&](const std::string& weights) {
        const std::string xml = model.file(weights + ".xml");
        convert_model({SourceKind::Safetensors, model.weights()}, weights, xml);
        return static_cast<double>(std::filesystem::file_size(model.file(weights + ".bin")));
    };
    const double full = size("f32");
    EXPECT_LT(size("bf16"), 0.55 * full);
    EXPECT_LT(size("f16"), 0.55 * full);
    EXPECT_LT(size("int8"), 0.32 * full);
}

TEST(Convert, RefusesUnknownTypes) {
    const TinyModel model;
    testing::expect_error(ErrorCode::InvalidArgument, "received 'int4'", [&] {
        convert_model({SourceKind::Safetensors, model.weights()}, "int4", model.file("x.xml"));
    });
}

std::vector<Batch> calibration_batches() {
    const auto texts = testing::encoding_of({{2, 5, 9, 31, 3}, {2, 60, 3}, {2, 7, 8, 40, 41, 42, 3}, {2, 3}});
    return {{{{texts, {0, 1}}}, 16}, {{{texts, {2, 3}}}, 16}};
}

// A product of activations that are known, as no layer comes before it.
TEST(Calibrate, FindsTheLargestValueOfEachChannelOverTokensOnly) {
    const auto ids = parameter({-1, -1}, ov::element::i64);
    ids->output(0).set_names({"input_ids"});
    const auto mask = parameter({-1, -1}, ov::element::i64);
    mask->output(0).set_names({"attention_mask"});
    const auto axis = op::v0::Constant::create(ov::element::i64, ov::Shape{}, {0});
    // Padding is token 0, whose row is the largest.
    const auto table = matrix({4, 2}, {99, 99, 1, -2, -3, 1, 0, 0.5F});
    const auto words = std::make_shared<op::v8::Gather>(table, ids, axis);
    const auto one = std::make_shared<op::v0::Convert>(mask, ov::element::f32);
    const auto column = op::v0::Constant::create(ov::element::i64, ov::Shape{1}, {2});
    const auto masked = std::make_shared<op::v1::Multiply>(words, std::make_shared<op::v0::Unsqueeze>(one, column));
    const auto unmasked =
        std::make_shared<op::v1::Add>(words, std::make_shared<op::v1::Multiply>(masked, matrix({}, {0})));
    const auto y = std::make_shared<op::v0::MatMul>(unmasked, matrix({2, 2}, {1, 2, 3, 4}), false, true);
    y->output(0).set_names({"last_hidden_state"});
    const ov::Model model(ov::OutputVector{y}, ov::ParameterVector{ids, mask});

    const auto texts = testing::encoding_of({{1, 3}, {2}});
    const auto ranges = quantization::calibrate(model, {{{{texts, {0, 1}}}, 8}});
    ASSERT_EQ(ranges.size(), 1U);
    EXPECT_EQ(ranges[0], (quantization::ChannelRange{3, 2}));
}

TEST(QuantizeModel, GivesAModelNearTheOriginalThatSaysWhatItIs) {
    const TinyModel model;
    const std::string xml = model.file("static.xml");
    quantize_model({SourceKind::Safetensors, model.weights()}, calibration_batches(), xml);
    auto options = engine_options(model);
    const auto exact = vectors_of(options).data;
    options.source = {SourceKind::OpenVino, xml};
    EXPECT_EQ(InferenceEngine::open(options)->quantization(), Stored::Static);
    const auto rounded = vectors_of(options).data;
    double dot = 0;
    for (size_t i = 0; i < exact.size(); ++i) dot += exact[i] * rounded[i];
    EXPECT_GT(dot / 2, 0.99);
    EXPECT_NE(rounded, exact);
    testing::expect_error(ErrorCode::ModelUnsupported, "quantised weights already",
                          [&] { quantize_model(options.source, calibration_batches(), model.file("again.xml")); });
}

TEST(QuantizeModel, KeepsTheBitsOfATextInEveryBatch) {
    const TinyModel model;
    auto options = engine_options(model);
    options.source = {SourceKind::OpenVino, model.file("static.xml")};
    quantize_model({SourceKind::Safetensors, model.weights()}, calibration_batches(), options.source.file);
    TextEmbeddingPipeline pipeline(InferenceEngine::open(options), {});
    const auto texts = testing::encoding_of({{2, 5, 9, 31, 3}, {2, 60, 3}, {2, 7, 8, 40, 41, 42, 3}});
    const auto together = embed(pipeline, {{texts, {0, 1, 2, 1, 0}}}, pooled(16)).data;
    for (uint32_t row = 0; row < 3; ++row) {
        const auto alone = embed(pipeline, {{texts, {row}}}, pooled(16)).data;
        EXPECT_TRUE(testing::same_bits(alone.data(), together.data() + row * alone.size(), alone.size())) << row;
    }
}

}  // namespace
}  // namespace ovembed
