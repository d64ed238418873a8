#include "core/model_report.h"

#include <openvino/openvino.hpp>

#include "core/runtime.h"
#include "tests/engines.h"
#include "tests/expect.h"
#include "tests/graphs.h"

namespace ovembed {
namespace {

using testing::parameter;
using testing::TempFolder;

// An encoder that adds `number`, of any shape that may be added to [rows, tokens, 6].
EngineOptions write_encoder(const TempFolder& folder, const std::shared_ptr<ov::op::v0::Parameter>& ids,
                            const ov::Output<ov::Node>& number) {
    const auto tokens = std::make_shared<ov::op::v1::Add>(testing::look_up(ids, 10, 6), number);
    EngineOptions options;
    options.source = {SourceKind::OpenVino, folder.file("model.xml")};
    options.device = "CPU";
    options.precision = "f32";
    ov::save_model(std::make_shared<ov::Model>(ov::ResultVector{testing::result("last_hidden_state", tokens)},
                                               ov::ParameterVector{ids}),
                   options.source.file, false);
    return options;
}

// As many as there are ids other than 0: [count] of f32.
std::shared_ptr<ov::Node> non_zero(const ov::Output<ov::Node>& ids) {
    const auto found = std::make_shared<ov::op::v3::NonZero>(ids);
    found->set_friendly_name("where");
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {1}, {0});
    return std::make_shared<ov::op::v1::ReduceSum>(std::make_shared<ov::op::v0::Convert>(found, ov::element::f32),
                                                   axis);
}

TEST(ModelReport, FindsNothingAgainstAnEncoderOfFixedShapes) {
    const testing::TinyModel model;
    const ModelReport report = report_model(testing::engine_options(model), {8, 64}, true);
    EXPECT_GT(report.operations, 50U);
    ASSERT_EQ(report.shapes.size(), 2U);
    for (const ShapeReport& shape : report.shapes) {
        EXPECT_EQ(shape.problem, "");
        EXPECT_EQ(shape.open_operations, 0U);
        EXPECT_TRUE(shape.asked);
        EXPECT_TRUE(shape.unsupported.empty()) << shape.unsupported.front().name;
    }
    EXPECT_EQ(report.shapes.back().shape, (ov::Shape{1, 64}));
}

TEST(ModelReport, AsksNobodyAboutADeviceThatIsNotHere) {
    const testing::TinyModel model;
    EngineOptions options = testing::engine_options(model);
    options.device = "NPU";
    options.precision = "f16";
    const ModelReport report = report_model(options, {8}, false);
    EXPECT_FALSE(report.shapes.at(0).asked);
    EXPECT_EQ(report.shapes.at(0).problem, "");
}

TEST(ModelReport, TellsOfTextsLongerThanTheModelReads) {
    const testing::TinyModel model;
    const ModelReport report = report_model(testing::engine_options(model), {65, 8}, true);
    EXPECT_EQ(report.shapes.at(0).problem, "The model reads at most 64 tokens.");
    EXPECT_FALSE(report.shapes.at(0).asked);
    EXPECT_EQ(report.shapes.at(1).problem, "");
}

TEST(ModelReport, NamesWhereShapesBeginToDependOnValues) {
    const TempFolder folder;
    const auto ids = parameter("input_ids");
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {1}, {0});
    const auto number = std::make_shared<ov::op::v1::ReduceSum>(non_zero(ids), axis);
    const ModelReport report = report_model(write_encoder(folder, ids, number), {8}, true);
    const ShapeReport& shape = report.shapes.at(0);
    EXPECT_EQ(shape.open_operations, 3U);  // NonZero, Convert, ReduceSum; the second sum is one number again
    ASSERT_EQ(shape.origins.size(), 1U);
    EXPECT_EQ(shape.origins.front().type, "NonZero");
    EXPECT_EQ(shape.origins.front().name, "where");
    EXPECT_TRUE(shape.unsupported.empty());  // a CPU takes open shapes
}

TEST(ModelReport, LooksIntoBranches) {
    const TempFolder folder;
    const auto ids = parameter("input_ids");
    const auto inner = parameter("inner");
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {1}, {0});
    const auto sum = std::make_shared<ov::op::v1::ReduceSum>(non_zero(inner), axis);
    const auto other = parameter("other");
    const auto zero = std::make_shared<ov::op::v0::Convert>(
        std::make_shared<ov::op::v1::ReduceMin>(other, ov::op::v0::Constant::create(ov::element::i64, {2}, {0, 1})),
        ov::element::f32);
    const auto then_result = std::make_shared<ov::op::v0::Result>(sum);
    const auto else_result = std::make_shared<ov::op::v0::Result>(zero);
    const auto any =
        std::make_shared<ov::op::v1::ReduceLogicalOr>(std::make_shared<ov::op::v0::Convert>(ids, ov::element::boolean),
                                                      ov::op::v0::Constant::create(ov::element::i64, {2}, {0, 1}));
    const auto branches = std::make_shared<ov::op::v8::If>(any);
    branches->set_then_body(std::make_shared<ov::Model>(ov::ResultVector{then_result}, ov::ParameterVector{inner}));
    branches->set_else_body(std::make_shared<ov::Model>(ov::ResultVector{else_result}, ov::ParameterVector{other}));
    branches->set_input(ids, inner, other);
    const auto number = branches->set_output(then_result, else_result);
    const ModelReport report = report_model(write_encoder(folder, ids, number), {8}, false);
    ASSERT_EQ(report.shapes.at(0).origins.size(), 1U);
    EXPECT_EQ(report.shapes.at(0).origins.front().type, "NonZero");
}

TEST(ModelReport, NamesWhatADeviceDoesNotTake) {
    const TempFolder folder;
    const auto ids = parameter("input_ids");
    // The CPU plugin takes LRN with constant axes alone.
    const auto axes =
        std::make_shared<ov::op::v1::ReduceMax>(ids, ov::op::v0::Constant::create(ov::element::i64, {1}, {1}), false);
    const auto lrn = std::make_shared<ov::op::v0::LRN>(testing::look_up(ids, 10, 6), axes, 1., 1., 1., 1U);
    lrn->set_friendly_name("odd");
    const ModelReport report = report_model(write_encoder(folder, ids, lrn), {8}, true);
    const auto& unsupported = report.shapes.at(0).unsupported;
    const auto is_odd = [](const Operation& operation) { return operation.type == "LRN" && operation.name == "odd"; };
    EXPECT_EQ(std::count_if(unsupported.begin(), unsupported.end(), is_odd), 1);
    EXPECT_EQ(report.shapes.at(0).open_operations, 0U);
}

TEST(Runtime, TellsWhatAPluginSupports) {
    const auto cpu = device_properties("CPU");
    ASSERT_TRUE(cpu.at("OPTIMIZATION_CAPABILITIES").has_value());
    EXPECT_NE(cpu.at("OPTIMIZATION_CAPABILITIES")->find("FP32"), std::string::npos);
    testing::expect_error(ErrorCode::DeviceUnavailable, "no plugin for 'TPU'", [] { device_properties("TPU"); });
}

}  // namespace
}  // namespace ovembed
