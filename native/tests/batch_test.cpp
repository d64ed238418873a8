#include "core/batch.h"

#include <openvino/op/ops.hpp>

#include "core/runtime.h"
#include "tests/encodings.h"
#include "tests/expect.h"

namespace ovembed {
namespace {

using testing::encoding_of;
using testing::expect_error;

const auto kEncoding = encoding_of({{5, 6, 7}, {}, {8}, {9, 10}});

Batch batch_of(std::vector<uint32_t> rows, size_t width, PaddingSide side = PaddingSide::Right) {
    return {{{kEncoding, std::move(rows)}}, width, side, 77};
}

TEST(Batch, ValidatesItsRows) {
    EXPECT_NO_THROW(batch_of({0, 1, 2, 3}, 3).validate(78));
    EXPECT_NO_THROW(batch_of({0, 0, 0}, 4).validate(0)) << "a row may be used twice, and vocabulary 0 is unknown";
    expect_error(ErrorCode::InvalidArgument, "at least one row", [] { batch_of({}, 3).validate(11); });
    expect_error(ErrorCode::InvalidArgument, "at least one row", [] { Batch{}.validate(11); });
    expect_error(ErrorCode::InvalidArgument, "Row 4 is outside an encoding of 4 rows",
                 [] { batch_of({0, 4}, 3).validate(11); });
    expect_error(ErrorCode::InvalidArgument, "Row 4294967295", [] { batch_of({4294967295U}, 3).validate(11); });
    expect_error(ErrorCode::InvalidArgument, "3 tokens does not fit into a batch of width 2",
                 [] { batch_of({2, 0}, 2).validate(78); });
    expect_error(ErrorCode::ModelInvalid, "Token id 10 is outside the model's vocabulary of 10",
                 [] { batch_of({0, 3}, 3).validate(10); });
}

TEST(Batch, ChecksThePaddingTokenAgainstTheVocabulary) {
    expect_error(ErrorCode::InvalidArgument, "padding token", [] { batch_of({2}, 3).validate(77); });
    EXPECT_NO_THROW(batch_of({2}, 3).validate(78));
    EXPECT_NO_THROW(batch_of({2}, 1).validate(77)) << "nothing is padded";
}

TEST(Batch, KnowsWhereTheTokensAre) {
    const auto check = [](const std::vector<RowSpan>& spans, const std::vector<std::pair<size_t, size_t>>& expected) {
        ASSERT_EQ(spans.size(), expected.size());
        for (size_t i = 0; i < spans.size(); ++i) {
            EXPECT_EQ(spans[i].begin, expected[i].first);
            EXPECT_EQ(spans[i].length, expected[i].second);
        }
    };
    check(batch_of({3, 1, 0}, 4).spans(), {{0, 2}, {0, 0}, {0, 3}});
    check(batch_of({3, 1, 0}, 4, PaddingSide::Left).spans(), {{2, 2}, {4, 0}, {1, 3}});
}

// A compiled model with four [?, ?] inputs of one type and nothing to compute.
ov::CompiledModel four_inputs(const ov::element::Type& type) {
    ov::ParameterVector parameters;
    ov::ResultVector results;
    for (const char* name : {"token_type_ids", "input_ids", "position_ids", "attention_mask"}) {
        parameters.push_back(std::make_shared<ov::op::v0::Parameter>(type, ov::PartialShape{-1, -1}));
        parameters.back()->output(0).set_names({name});
        results.push_back(std::make_shared<ov::op::v0::Result>(parameters.back()));
    }
    return runtime().compile_model(std::make_shared<ov::Model>(results, parameters), "CPU");
}

template <typename T>
class FillInputs : public ::testing::Test {
protected:
    FillInputs() : m_request(four_inputs(ov::element::from<T>()).create_infer_request()) {
        m_ports.token_type_ids = 0;
        m_ports.input_ids = 1;
        m_ports.position_ids = 2;
        m_ports.attention_mask = 3;
        m_ports.input_type = ov::element::from<T>();
    }

    std::vector<T> input(size_t port, const ov::Shape& shape) {
        const ov::Tensor tensor = m_request.get_input_tensor(port);
        EXPECT_EQ(tensor.get_shape(), shape);
        return {tensor.data<T>(), tensor.data<T>() + tensor.get_size()};
    }

    ov::InferRequest m_request;
    ModelPorts m_ports;
};

using InputTypes = ::testing::Types<int32_t, int64_t>;
TYPED_TEST_SUITE(FillInputs, InputTypes);

TYPED_TEST(FillInputs, PadsOnTheRight) {
    using Values = std::vector<TypeParam>;
    fill_inputs(batch_of({3, 1, 0}, 4), this->m_ports, this->m_request);
    const ov::Shape shape{3, 4};
    EXPECT_EQ(this->input(1, shape), (Values{9, 10, 77, 77, 77, 77, 77, 77, 5, 6, 7, 77}));
    EXPECT_EQ(this->input(3, shape), (Values{1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0}));
    EXPECT_EQ(this->input(0, shape), Values(12, 0));
    EXPECT_EQ(this->input(2, shape), (Values{0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0}));
}

TYPED_TEST(FillInputs, PadsOnTheLeft) {
    using Values = std::vector<TypeParam>;
    fill_inputs(batch_of({3, 2}, 3, PaddingSide::Left), this->m_ports, this->m_request);
    EXPECT_EQ(this->input(1, {2, 3}), (Values{77, 9, 10, 77, 77, 8}));
    EXPECT_EQ(this->input(3, {2, 3}), (Values{0, 1, 1, 0, 0, 1}));
    EXPECT_EQ(this->input(2, {2, 3}), (Values{0, 0, 1, 0, 0, 0})) << "positions count from the first real token";
}

TYPED_TEST(FillInputs, LeavesNothingOfThePreviousBatch) {
    using Values = std::vector<TypeParam>;
    fill_inputs(batch_of({0, 0, 0, 0}, 8), this->m_ports, this->m_request);
    fill_inputs(batch_of({2, 1}, 2), this->m_ports, this->m_request);
    EXPECT_EQ(this->input(1, {2, 2}), (Values{8, 77, 77, 77}));
    EXPECT_EQ(this->input(3, {2, 2}), (Values{1, 0, 0, 0}));
}

TYPED_TEST(FillInputs, JoinsPartsOfSeveralEncodings) {
    using Values = std::vector<TypeParam>;
    const Batch batch{{{kEncoding, {2}}, {encoding_of({{1, 2}}), {0}}, {kEncoding, {3}}}, 2, PaddingSide::Right, 0};
    fill_inputs(batch, this->m_ports, this->m_request);
    EXPECT_EQ(this->input(1, {3, 2}), (Values{8, 0, 1, 2, 9, 10}));
}

TYPED_TEST(FillInputs, WritesOnlyTheInputsThatTheModelHas) {
    this->m_ports.token_type_ids.reset();
    this->m_ports.position_ids.reset();
    this->m_ports.attention_mask.reset();
    fill_inputs(batch_of({2}, 2), this->m_ports, this->m_request);
    EXPECT_EQ(this->m_request.get_input_tensor(0).get_size(), 0U);
    EXPECT_EQ(this->m_request.get_input_tensor(2).get_size(), 0U);
    EXPECT_EQ(this->m_request.get_input_tensor(3).get_size(), 0U);
}

}  // namespace
}  // namespace ovembed
