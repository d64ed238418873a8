#include "core/graph/layers.h"

#include <cmath>

#include "tests/computed.h"
#include "tests/expect.h"
#include "tests/safetensors_writer.h"
#include "tests/temp_folder.h"

namespace ovembed::graph {
namespace {

using testing::computed;
using testing::expect_error;
using testing::expect_near;
using testing::float_tensor;

constexpr double kEpsilon = 1e-12;

Weights weights_of(const std::vector<testing::TensorToWrite>& tensors) {
    static const testing::TempFolder folder;
    testing::write_file(folder.file("m"), testing::safetensors_file(tensors));
    return {std::make_shared<Safetensors>(folder.file("m")), "", ""};
}

TEST(Layers, TakeAPartOfAProjectionWithItsBiasAndScale) {
    const Weights weights = weights_of({float_tensor("all.weight", {4, 1}, {1, 2, 3, 4}, ov::element::f32),
                                        float_tensor("all.bias", {4}, {10, 20, 30, 40}, ov::element::f32)});
    const Value x = constant(ov::Shape{1, 1, 1}, {1});
    EXPECT_EQ(computed(linear(x, weights, "all", 1, 4), {1, 1, 4}), (std::vector<float>{11, 22, 33, 44}));
    EXPECT_EQ(computed(linear_part(x, weights, "all", 1, 2, 1, 2, 2), {1, 1, 2}), (std::vector<float>{66, 88}));
    EXPECT_EQ(computed(linear_part(x, weights, "all", 1, 2, 1, 2, 2, Bias::No), {1, 1, 2}), (std::vector<float>{6, 8}));
}

TEST(Layers, NormaliseByMeanAndVariance) {
    const Value x = constant(ov::Shape{1, 1, 2}, {1, 3});
    const Weights weights = weights_of({float_tensor("norm.weight", {2}, {1, 2}, ov::element::f32),
                                        float_tensor("norm.bias", {2}, {5, 7}, ov::element::f32)});
    expect_near(computed(layer_norm(x, weights, "norm", 2, kEpsilon), {1, 1, 2}), {4, 9}, 1e-5F);
    expect_near(computed(layer_norm(x, weights, "norm", 2, kEpsilon, Bias::No), {1, 1, 2}), {-1, 2}, 1e-5F);
}

TEST(Layers, KnowTheOldNamesOfNormalisations) {
    const Value x = constant(ov::Shape{1, 1, 2}, {1, 3});
    const Weights weights = weights_of({float_tensor("norm.gamma", {2}, {1, 2}, ov::element::f32),
                                        float_tensor("norm.beta", {2}, {5, 7}, ov::element::f32)});
    expect_near(computed(layer_norm(x, weights, "norm", 2, kEpsilon), {1, 1, 2}), {4, 9}, 1e-5F);
}

TEST(Layers, NormaliseByTheRootMeanSquare) {
    const Value x = constant(ov::Shape{1, 1, 2}, {1, 7});  // root mean square 5
    expect_near(computed(rms_norm(x, constant(ov::Shape{2}, {1, 10}), kEpsilon), {1, 1, 2}), {0.2F, 14}, 1e-5F);
    expect_near(computed(rms_norm(x, constant(ov::Shape{2}, {1, 1}), 75), {1, 1, 2}), {0.1F, 0.7F}, 1e-5F);
}

// Values at 1 and -1, by the functions' definitions.
TEST(Layers, KnowActivationsByTransformersNames) {
    const Value x = constant(ov::Shape{1, 1, 2}, {1, -1});
    const std::vector<std::pair<const char*, std::vector<float>>> expected{
        {"gelu", {0.841345F, -0.158655F}},
        {"gelu_new", {0.841192F, -0.158808F}},
        {"gelu_fast", {0.841192F, -0.158808F}},
        {"gelu_pytorch_tanh", {0.841192F, -0.158808F}},
        {"relu", {1, 0}},
        {"silu", {0.731059F, -0.268941F}},
        {"swish", {0.731059F, -0.268941F}},
        {"tanh", {0.761594F, -0.761594F}},
    };
    for (const auto& [name, values] : expected) {
        SCOPED_TRACE(name);
        expect_near(computed(activation(x, name), {1, 1, 2}), values, 2e-6F);
    }
    expect_error(ErrorCode::ModelUnsupported, "'relu6' is not supported; gelu,", [&] { activation(x, "relu6"); });
}

}  // namespace
}  // namespace ovembed::graph
