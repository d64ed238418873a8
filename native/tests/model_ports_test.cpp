#include "core/model_ports.h"

#include "core/runtime.h"
#include "tests/expect.h"
#include "tests/graphs.h"

namespace ovembed {
namespace {

using testing::expect_error;
using testing::masked_look_up;
using testing::parameter;
using testing::result;

ModelPorts ports_of(const ov::ResultVector& results, const ov::ParameterVector& parameters) {
    return find_ports(runtime().compile_model(std::make_shared<ov::Model>(results, parameters), "CPU"));
}

// An encoder with the given inputs beside input_ids and attention_mask, each added so that none is optimised away.
struct Encoder {
    std::shared_ptr<ov::op::v0::Parameter> ids = parameter("input_ids");
    std::shared_ptr<ov::op::v0::Parameter> mask = parameter("attention_mask");
    ov::ParameterVector parameters{ids, mask};
    ov::Output<ov::Node> tokens = masked_look_up(ids, mask, 10, 6);
};

TEST(ModelPorts, FindsInputsAndTokenVectors) {
    const Encoder encoder;
    const ModelPorts ports = ports_of({result("last_hidden_state", encoder.tokens)}, encoder.parameters);
    EXPECT_EQ(ports.input_ids, 0U);
    EXPECT_EQ(ports.attention_mask, 1U);
    EXPECT_FALSE(ports.token_type_ids.has_value());
    EXPECT_FALSE(ports.position_ids.has_value());
    EXPECT_EQ(ports.input_type, ov::element::i64);
    EXPECT_EQ(ports.output_type, ov::element::f32);
    EXPECT_EQ(ports.hidden, 6U);
    EXPECT_FALSE(ports.pooled);
}

TEST(ModelPorts, FindsOptionalInputsInAnyOrder) {
    Encoder encoder;
    const auto types = parameter("token_type_ids");
    const auto positions = parameter("position_ids");
    const auto sum =
        std::make_shared<ov::op::v1::Add>(std::make_shared<ov::op::v1::Add>(encoder.ids, types), positions);
    const auto tokens = masked_look_up(sum, encoder.mask, 10, 6);
    const ModelPorts ports =
        ports_of({result("last_hidden_state", tokens)}, {positions, types, encoder.mask, encoder.ids});
    EXPECT_EQ(ports.position_ids, 0U);
    EXPECT_EQ(ports.token_type_ids, 1U);
    EXPECT_EQ(ports.attention_mask, 2U);
    EXPECT_EQ(ports.input_ids, 3U);
}

TEST(ModelPorts, PrefersTokenVectorsToPooledOnes) {
    const Encoder encoder;
    const auto sentence = result("sentence_embedding", testing::mean_over_tokens(encoder.tokens));
    EXPECT_EQ(ports_of({sentence, result("token_embeddings", encoder.tokens)}, encoder.parameters).output, 1U);
    EXPECT_EQ(ports_of({sentence, result("last_hidden_state", encoder.tokens)}, encoder.parameters).output, 1U);
    const ModelPorts pooled = ports_of({result("other", encoder.tokens), sentence}, encoder.parameters);
    EXPECT_EQ(pooled.output, 1U);
    EXPECT_TRUE(pooled.pooled);
    EXPECT_EQ(pooled.hidden, 6U);
}

TEST(ModelPorts, TakesTheOnlyOutputWhateverItsName) {
    const Encoder encoder;
    EXPECT_EQ(ports_of({result("x", encoder.tokens)}, encoder.parameters).output, 0U);
    expect_error(ErrorCode::ModelUnsupported, "last_hidden_state, token_embeddings or sentence_embedding",
                 [&] { ports_of({result("x", encoder.tokens), result("y", encoder.tokens)}, encoder.parameters); });
}

TEST(ModelPorts, NeedsNoMask) {
    const auto ids = parameter("input_ids");
    const ModelPorts ports = ports_of({result("x", testing::look_up(ids, 10, 6))}, {ids});
    EXPECT_FALSE(ports.attention_mask.has_value());
    EXPECT_EQ(ports.hidden, 6U);
}

TEST(ModelPorts, RefusesOtherInputs) {
    const auto tokens = [](const auto& ids, const auto& mask) {
        return result("last_hidden_state", masked_look_up(ids, mask, 10, 6));
    };
    const auto ids = parameter("input_ids");
    const auto mask = parameter("attention_mask");
    expect_error(ErrorCode::ModelUnsupported, "no input named input_ids", [&] {
        const auto other = parameter("ids");
        ports_of({tokens(other, mask)}, {other, mask});
    });
    expect_error(ErrorCode::ModelUnsupported, "needs an input named mask", [&] {
        const auto other = parameter("mask");
        ports_of({tokens(ids, other)}, {ids, other});
    });
    expect_error(ErrorCode::ModelUnsupported, "needs an input named pixel_values", [&] {
        const auto other = parameter("pixel_values");
        ports_of({tokens(std::make_shared<ov::op::v1::Add>(ids, other), mask)}, {ids, mask, other});
    });
    expect_error(ErrorCode::ModelUnsupported, "attention_mask is of type", [&] {
        const auto other = parameter("attention_mask", {-1, -1}, ov::element::f32);
        ports_of({tokens(ids, other)}, {ids, other});
    });
    expect_error(ErrorCode::ModelUnsupported, "all must be i64 or all i32", [&] {
        const auto other = parameter("attention_mask", {-1, -1}, ov::element::i32);
        ports_of({tokens(ids, other)}, {ids, other});
    });
    expect_error(ErrorCode::ModelUnsupported, "not [rows, tokens]", [&] {
        const auto flat = parameter("input_ids", {-1});
        const auto flat_mask = parameter("attention_mask", {-1});
        ports_of({tokens(flat, flat_mask)}, {flat, flat_mask});
    });
}

TEST(ModelPorts, RefusesOtherOutputs) {
    const Encoder encoder;
    const auto refuses = [&](const std::string& part, const ov::Output<ov::Node>& output) {
        expect_error(ErrorCode::ModelUnsupported, part, [&] { ports_of({result("x", output)}, encoder.parameters); });
    };
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {1}, {0});
    refuses("neither [rows, tokens, width] nor [rows, width]",
            std::make_shared<ov::op::v0::Unsqueeze>(encoder.tokens, axis));
    refuses("is of type", std::make_shared<ov::op::v0::Convert>(encoder.tokens, ov::element::i32));
    const auto order = ov::op::v0::Constant::create(ov::element::i64, {3}, {0, 2, 1});
    refuses("is not fixed", std::make_shared<ov::op::v1::Transpose>(encoder.tokens, order));
}

}  // namespace
}  // namespace ovembed
