#include "core/graph/weights.h"

#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>

#include "tests/expect.h"
#include "tests/safetensors_writer.h"
#include "tests/temp_folder.h"

namespace ovembed::graph {
namespace {

using testing::expect_error;

// Every test reads one file with a tensor of each kind.
class WeightsTest : public ::testing::Test {
protected:
    WeightsTest() {
        const std::vector<float> values{1, -2, 0.5F, 4};
        testing::write_file(m_folder.file("m"), testing::safetensors_file(
                                                    {testing::float_tensor("f32", {2, 2}, values, ov::element::f32),
                                                     testing::float_tensor("f16", {2, 2}, values, ov::element::f16),
                                                     testing::float_tensor("bf16", {2, 2}, values, ov::element::bf16),
                                                     {"i64", "I64", {1}, std::string(8, '\0')},
                                                     {"f64", "F64", {1}, std::string(8, '\0')},
                                                     {"f8", "F8_E5M2", {1}, "x"},
                                                     testing::float_tensor("bert.probe", {1}, {1}, ov::element::f32),
                                                     testing::float_tensor("bert.other", {1}, {2}, ov::element::f32)}));
        m_file = std::make_shared<Safetensors>(m_folder.file("m"));
    }

    testing::TempFolder m_folder;
    std::shared_ptr<const Safetensors> m_file;
};

TEST_F(WeightsTest, GivesF32WithoutACopy) {
    const auto node = Weights(m_file, "", "f32").get("f32", {2, 2}).get_node_shared_ptr();
    const auto constant = ov::as_type_ptr<ov::op::v0::Constant>(node);
    ASSERT_NE(constant, nullptr);
    EXPECT_EQ(constant->get_data_ptr(), m_file->find("f32")->data);
}

TEST_F(WeightsTest, GivesRowsWithoutACopy) {
    const Weights weights(m_file, "", "f32");
    const auto node = weights.get_rows("f32", {2, 2}, 1, 1).get_node_shared_ptr();
    const auto constant = ov::as_type_ptr<ov::op::v0::Constant>(node);
    ASSERT_NE(constant, nullptr);
    EXPECT_EQ(constant->get_shape(), (ov::Shape{1, 2}));
    EXPECT_EQ(constant->get_data_ptr(), static_cast<const char*>(m_file->find("f32")->data) + 2 * sizeof(float));

    const auto half = weights.get_rows("f16", {2, 2}, 1, 1).get_node()->get_input_node_shared_ptr(0);
    EXPECT_EQ(ov::as_type_ptr<ov::op::v0::Constant>(half)->cast_vector<float>(), (std::vector<float>{0.5F, 4}));
    expect_error(ErrorCode::ModelInvalid, "Expected shape [4,2]", [&] { weights.get_rows("f32", {4, 2}, 1, 1); });
}

TEST_F(WeightsTest, KnowsWhatIsThere) {
    EXPECT_TRUE(Weights(m_file, "bert.", "probe").has("other"));
    EXPECT_FALSE(Weights(m_file, "bert.", "probe").has("f32"));
    EXPECT_TRUE(Weights(m_file, "bert.", "f32").has("bert.other"));
}

TEST_F(WeightsTest, WidensHalfPrecision) {
    const Weights weights(m_file, "", "f32");
    for (const char* name : {"f16", "bf16"}) {
        SCOPED_TRACE(name);
        const auto value = weights.get(name, {2, 2});
        EXPECT_EQ(value.get_element_type(), ov::element::f32);
        const auto stored = ov::as_type_ptr<ov::op::v0::Constant>(value.get_node()->get_input_node_shared_ptr(0));
        ASSERT_NE(stored, nullptr);
        EXPECT_EQ(stored->cast_vector<float>(), (std::vector<float>{1, -2, 0.5F, 4}));
    }
}

TEST_F(WeightsTest, KeepsTheFileMappedWhileAConstantLives) {
    auto node = Weights(m_file, "", "f32").get("f32", {2, 2}).get_node_shared_ptr();
    const std::weak_ptr<MappedFile> pages = m_file->files().front();
    m_file.reset();
    EXPECT_FALSE(pages.expired());
    node.reset();
    EXPECT_TRUE(pages.expired());
}

TEST_F(WeightsTest, UsesThePrefixOnlyWhereTheProbeNeedsIt) {
    EXPECT_NO_THROW(Weights(m_file, "bert.", "probe").get("other", {1}));
    EXPECT_NO_THROW(Weights(m_file, "bert.", "f32").get("f16", {2, 2}));
    expect_error(ErrorCode::ModelInvalid, "'bert.f32'", [&] { Weights(m_file, "bert.", "probe").get("f32", {2, 2}); });
}

TEST_F(WeightsTest, NamesWhatIsWrong) {
    const Weights weights(m_file, "", "f32");
    expect_error(ErrorCode::ModelInvalid, "no tensor 'missing'", [&] { weights.get("missing", {1}); });
    expect_error(ErrorCode::ModelInvalid, "Expected shape [3,2] for tensor 'f32'", [&] { weights.get("f32", {3, 2}); });
    expect_error(ErrorCode::ModelInvalid, "has [2,2]", [&] { weights.get("f32", {4}); });
    expect_error(ErrorCode::ModelUnsupported, "stored as I64", [&] { weights.get("i64", {1}); });
    expect_error(ErrorCode::ModelUnsupported, "stored as F64", [&] { weights.get("f64", {1}); });
    expect_error(ErrorCode::ModelUnsupported, "stored as F8_E5M2", [&] { weights.get("f8", {1}); });
}

}  // namespace
}  // namespace ovembed::graph
