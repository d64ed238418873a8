#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "core/modules/normalize.h"
#include "core/modules/open_modules.h"
#include "core/pooling.h"
#include "tests/expect.h"
#include "tests/safetensors_writer.h"
#include "tests/temp_folder.h"

namespace ovembed {
namespace {

using testing::expect_error;
using testing::float_tensor;
using testing::same_bits;

std::vector<float> random_values(size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(count);
    for (float& value : values) value = uniform(random);
    return values;
}

double plain(Activation activation, double x) {
    switch (activation) {
        case Activation::Identity:
            return x;
        case Activation::Tanh:
            return std::tanh(x);
        case Activation::Relu:
            return std::max(x, 0.0);
        case Activation::Gelu:
            return x / 2 * std::erfc(-x / std::sqrt(2.0));
        case Activation::Silu:
            return x / (1 + std::exp(-x));
        case Activation::Sigmoid:
            return 1 / (1 + std::exp(-x));
    }
    return std::nan("");
}

class ModulesTest : public ::testing::Test {
protected:
    std::string write(const std::vector<testing::TensorToWrite>& tensors) const {
        const std::string file = m_folder.file("model.safetensors");
        std::ofstream(file, std::ios::binary) << testing::safetensors_file(tensors);
        return file;
    }

    // A Dense with random weights that are the same for the same sizes.
    Dense dense(size_t in, size_t out, bool bias, Activation activation,
                ov::element::Type type = ov::element::f32) const {
        std::vector<testing::TensorToWrite> tensors{float_tensor("linear.weight", {out, in}, weight(in, out), type)};
        if (bias) tensors.push_back(float_tensor("linear.bias", {out}, random_values(out, 2), type));
        return Dense({write(tensors), in, out, bias, activation});
    }

    static std::vector<float> weight(size_t in, size_t out) { return random_values(in * out, 1); }

    testing::TempFolder m_folder;
};

TEST_F(ModulesTest, DenseEqualsThePlainReference) {
    for (const auto& [in, out] : {std::pair<size_t, size_t>{5, 3}, {32, 32}, {64, 33}, {65, 1}, {300, 100}}) {
        for (const bool bias : {false, true}) {
            const Dense module = dense(in, out, bias, Activation::Identity);
            EXPECT_EQ(module.width_after(in), out);
            const Vectors input{in, random_values(3 * in, 3)};
            Vectors output = input;
            module.apply(output);
            ASSERT_EQ(output.width, out);
            ASSERT_EQ(output.rows(), 3U);
            const auto weights = weight(in, out);
            const auto biases = random_values(out, 2);
            for (size_t i = 0; i < output.data.size(); ++i) {
                double sum = bias ? biases[i % out] : 0;
                for (size_t k = 0; k < in; ++k) sum += double{weights[i % out * in + k]} * input.data[i / out * in + k];
                EXPECT_NEAR(output.data[i], sum, 2e-6) << in << " to " << out << ", " << i;
            }
        }
    }
}

TEST_F(ModulesTest, DenseGivesARowTheSameBitsInAnyBatch) {
    const Dense module = dense(130, 70, true, Activation::Tanh);
    Vectors all{130, random_values(9 * 130, 4)};
    const Vectors input = all;
    module.apply(all);
    for (size_t first = 0; first < 9; ++first) {
        for (size_t rows = 1; first + rows <= 9; ++rows) {
            const auto begin = input.data.begin() + static_cast<std::ptrdiff_t>(first * 130);
            Vectors some{130, {begin, begin + static_cast<std::ptrdiff_t>(rows * 130)}};
            module.apply(some);
            EXPECT_TRUE(same_bits(some.data.data(), all.data.data() + first * 70, rows * 70)) << first << " " << rows;
        }
    }
}

TEST_F(ModulesTest, DenseKeepsLongSumsExact) {
    // 2^24 + 1 has no f32: summed up in one, the ones would be lost.
    std::vector<float> row(257, 1);
    row[0] = 16777216;
    Vectors vectors{257, std::vector<float>(257, 1)};
    Dense(
        {write({float_tensor("linear.weight", {1, 257}, row, ov::element::f32)}), 257, 1, false, Activation::Identity})
        .apply(vectors);
    EXPECT_NEAR(vectors.data[0], 16777216 + 256, 16);
}

TEST_F(ModulesTest, DenseReadsSixteenBitWeights) {
    Vectors exact{8, random_values(8, 5)};
    Vectors f16 = exact;
    Vectors bf16 = exact;
    dense(8, 4, true, Activation::Identity).apply(exact);
    dense(8, 4, true, Activation::Identity, ov::element::f16).apply(f16);
    dense(8, 4, true, Activation::Identity, ov::element::bf16).apply(bf16);
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(f16.data[i], exact.data[i], 2e-3);
        EXPECT_NEAR(bf16.data[i], exact.data[i], 2e-2);
        EXPECT_NE(f16.data[i], bf16.data[i]);
    }
}

TEST_F(ModulesTest, ActivationsAreThoseOfTorch) {
    for (const char* name : {"identity", "tanh", "relu", "gelu", "silu", "sigmoid"}) {
        const Activation activation = activation_of(name);
        for (const float x : {-30.0F, -2.5F, -0.1F, 0.0F, 0.3F, 1.0F, 7.0F, 40.0F}) {
            float value = x;
            activate(activation, &value, 1);
            EXPECT_FLOAT_EQ(value, static_cast<float>(plain(activation, x))) << name << " of " << x;
        }
        float nan = std::nanf("");
        activate(activation, &nan, 1);
        EXPECT_TRUE(std::isnan(nan)) << name;
    }
    expect_error(ErrorCode::InvalidArgument, "'swish'", [] { activation_of("swish"); });
}

TEST_F(ModulesTest, LayerNormEqualsThePlainReference) {
    const size_t width = 7;
    const auto weight = random_values(width, 6);
    const auto bias = random_values(width, 7);
    const LayerNorm module({write({float_tensor("norm.weight", {width}, weight, ov::element::f32),
                                   float_tensor("norm.bias", {width}, bias, ov::element::f32)}),
                            width});
    Vectors vectors{width, random_values(2 * width, 8)};
    // The second row has no variance but ε.
    std::fill_n(vectors.data.begin() + width, width, 0.25F);
    const Vectors input = vectors;
    module.apply(vectors);
    for (size_t row = 0; row < 2; ++row) {
        double mean = 0;
        for (size_t d = 0; d < width; ++d) mean += input.data[row * width + d] / 7.0;
        double variance = 0;
        for (size_t d = 0; d < width; ++d) variance += std::pow(input.data[row * width + d] - mean, 2) / 7;
        for (size_t d = 0; d < width; ++d) {
            const double expected =
                (input.data[row * width + d] - mean) / std::sqrt(variance + 1e-5) * weight[d] + bias[d];
            EXPECT_NEAR(vectors.data[row * width + d], expected, 1e-6) << row << " " << d;
        }
    }
}

TEST_F(ModulesTest, NormalizeTreatsEachRow) {
    Vectors vectors{2, {3, 4, 0, 0}};
    Normalize().apply(vectors);
    EXPECT_EQ(vectors.data, (std::vector<float>{0.6F, 0.8F, 0, 0}));
}

TEST_F(ModulesTest, RefusesWeightsAndWidthsThatDoNotFit) {
    const auto file = write({float_tensor("linear.weight", {2, 3}, random_values(6, 1), ov::element::f32),
                             {"norm.weight", "I32", {1}, std::string(4, '\0')}});
    const auto refuses = [](ErrorCode code, const std::string& part, const ModuleOptions& options) {
        expect_error(code, part, [&] { open_modules({options}); });
    };
    refuses(ErrorCode::ModelInvalid, "Expected shape [3,2]", DenseOptions{file, 2, 3, false, Activation::Tanh});
    refuses(ErrorCode::ModelInvalid, "no tensor 'linear.bias'", DenseOptions{file, 3, 2, true, Activation::Tanh});
    refuses(ErrorCode::ModelUnsupported, "stored as I32", LayerNormOptions{file, 1});
    refuses(ErrorCode::ModelNotFound, "nowhere", DenseOptions{"nowhere", 3, 2, false, Activation::Tanh});
    const auto modules = open_modules({NormalizeOptions{}, DenseOptions{file, 3, 2, false, Activation::Tanh}});
    ASSERT_EQ(modules.size(), 2U);
    EXPECT_EQ(modules[0]->width_after(9), 9U);
    expect_error(ErrorCode::ModelInvalid, "takes vectors of 3 dimensions, but gets 9",
                 [&] { modules[1]->width_after(9); });

    const auto biased = write({float_tensor("linear.weight", {2, 3}, random_values(6, 1), ov::element::f32),
                               float_tensor("linear.bias", {2}, random_values(2, 1), ov::element::f32)});
    refuses(ErrorCode::ModelInvalid, "there is no bias", DenseOptions{biased, 3, 2, false, Activation::Tanh});
}

}  // namespace
}  // namespace ovembed
