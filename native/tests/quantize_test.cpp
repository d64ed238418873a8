#include "core/vectors/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/error.h"
#include "core/vectors/half.h"

namespace ovembed {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNaN = std::nanf("");

std::vector<float> random_values(size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 0.1F);
    std::vector<float> values(count);
    for (auto& value : values) value = normal(random);
    return values;
}

template <typename T>
std::vector<T> quantized(const std::vector<float>& values, size_t dimensions, VectorType type,
                         const std::vector<float>& ranges = {}) {
    const size_t rows = values.size() / dimensions;
    std::vector<T> out(rows * elements_per_row(type, dimensions));
    quantize(values.data(), {rows, dimensions}, type, ranges.empty() ? nullptr : ranges.data(), out.data());
    return out;
}

template <typename T>
std::vector<float> dequantized(const std::vector<T>& values, size_t dimensions, VectorType type,
                               const std::vector<float>& ranges = {}) {
    const size_t rows = values.size() / elements_per_row(type, dimensions);
    std::vector<float> out(rows * dimensions);
    dequantize(values.data(), {rows, dimensions}, type, ranges.empty() ? nullptr : ranges.data(), out.data());
    return out;
}

// The value of binary16 bits, written as the standard says it.
double half_value(uint16_t half) {
    const int exponent = (half >> 10) & 31;
    const int fraction = half & 0x3FF;
    const double sign = half & 0x8000 ? -1 : 1;
    if (exponent == 31) return fraction == 0 ? sign * static_cast<double>(kInfinity) : std::nan("");
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Quantize, EveryFloat16HasItsValueAndComesBack) {
    for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const auto half = static_cast<uint16_t>(bits);
        const double value = half_value(half);
        const float wide = dequantized(std::vector<uint16_t>{half}, 1, VectorType::Float16)[0];
        const uint16_t back = quantized<uint16_t>({wide}, 1, VectorType::Float16)[0];
        if (std::isnan(value)) {
            ASSERT_TRUE(std::isnan(wide)) << bits;
            ASSERT_TRUE(std::isnan(half_value(back))) << bits;
        } else {
            ASSERT_EQ(wide, value) << bits;
            ASSERT_EQ(back, half) << bits;
        }
    }
}

TEST(Quantize, Float16RoundsToTheNearestTiesToEven) {
    for (uint32_t bits = 0; bits < 0x7C00; ++bits) {
        const auto low = static_cast<float>(half_value(static_cast<uint16_t>(bits)));
        // The first value that is too large stands for 2^16 here.
        const float high = bits == 0x7BFF ? 65536.0F : static_cast<float>(half_value(static_cast<uint16_t>(bits + 1)));
        const float middle = low + (high - low) / 2;
        const auto even = static_cast<uint16_t>(bits % 2 == 0 ? bits : bits + 1);
        const std::vector<float> values{std::nextafter(middle, 0.0F), middle, std::nextafter(middle, kInfinity),
                                        -middle};
        const std::vector<uint16_t> expected{static_cast<uint16_t>(bits), even, static_cast<uint16_t>(bits + 1),
                                             static_cast<uint16_t>(even | 0x8000)};
        ASSERT_EQ(quantized<uint16_t>(values, 4, VectorType::Float16), expected) << bits;
    }
}

TEST(Quantize, BFloat16RoundsToTheNearestTiesToEven) {
    for (uint32_t bits = 0; bits < 0x7F80; ++bits) {
        const float middle = float_of((bits << 16) | 0x8000);
        const auto even = static_cast<uint16_t>(bits % 2 == 0 ? bits : bits + 1);
        const std::vector<float> values{float_of((bits << 16) | 0x7FFF), middle, float_of((bits << 16) | 0x8001),
                                        -middle};
        const std::vector<uint16_t> expected{static_cast<uint16_t>(bits), even, static_cast<uint16_t>(bits + 1),
                                             static_cast<uint16_t>(even | 0x8000)};
        ASSERT_EQ(quantized<uint16_t>(values, 2, VectorType::BFloat16), expected) << bits;
    }
    // A NaN whose upper half would be an infinity.
    const std::vector<float> nans{float_of(0x7F800001), float_of(0xFFFFFFFF)};
    for (const float wide : dequantized(quantized<uint16_t>(nans, 2, VectorType::BFloat16), 2, VectorType::BFloat16))
        EXPECT_TRUE(std::isnan(wide));
}

TEST(Quantize, StepsAreThoseOfSentenceTransformers) {
    for (const size_t dimensions : {1, 7, 8, 9, 31, 384}) {
        const auto values = random_values(50 * dimensions, static_cast<unsigned>(dimensions));
        std::vector<float> ranges(2 * dimensions, -0.15F);
        std::fill(ranges.begin() + static_cast<std::ptrdiff_t>(dimensions), ranges.end(), 0.2F);
        const auto bytes = quantized<uint8_t>(values, dimensions, VectorType::UInt8, ranges);
        const auto signed_bytes = quantized<int8_t>(values, dimensions, VectorType::Int8, ranges);
        const float width = (0.2F - -0.15F) / 255;
        for (size_t i = 0; i < values.size(); ++i) {
            const float step = std::min(std::max(std::floor((values[i] - -0.15F) / width), 0.0F), 255.0F);
            ASSERT_EQ(bytes[i], step) << dimensions << " dimensions, value " << values[i];
            ASSERT_EQ(signed_bytes[i], step - 128);
        }
    }
}

TEST(Quantize, StepsOfWhatHasNoPlaceInTheRange) {
    const std::vector<float> values{kInfinity, -kInfinity, kNaN, 1e38F, -1e38F, 0.5F, 1.5F, -0.0F};
    std::vector<float> ranges(16, -1);
    std::fill(ranges.begin() + 8, ranges.end(), 1.0F);
    ranges[5] = ranges[13] = ranges[6] = ranges[14] = 0.5F;  // always the same
    const std::vector<uint8_t> expected{255, 0, 0, 255, 0, 0, 1, 127};
    EXPECT_EQ(quantized<uint8_t>(values, 8, VectorType::UInt8, ranges), expected);
}

TEST(Quantize, StepsComeBackToHalfAStep) {
    const size_t dimensions = 33;
    const auto values = random_values(100 * dimensions, 3);
    std::vector<float> ranges(2 * dimensions, -1);
    std::fill(ranges.begin() + static_cast<std::ptrdiff_t>(dimensions), ranges.end(), 1.0F);
    ranges[4] = ranges[dimensions + 4] = 0.25F;
    const auto steps = quantized<int8_t>(values, dimensions, VectorType::Int8, ranges);
    const auto back = dequantized(steps, dimensions, VectorType::Int8, ranges);
    for (size_t i = 0; i < values.size(); ++i) {
        const double limit = i % dimensions == 4 ? 0 : 1.0001 / 255;
        ASSERT_NEAR(back[i], i % dimensions == 4 ? 0.25F : values[i], limit) << i;
    }
    const auto again = quantized<int8_t>(back, dimensions, VectorType::Int8, ranges);
    for (size_t i = 0; i < values.size(); ++i) {
        if (i % dimensions == 4) continue;
        ASSERT_EQ(again[i], steps[i]) << i;
    }
}

TEST(Quantize, BitsArePackedFromTheHighest) {
    const float tiny = std::numeric_limits<float>::denorm_min();
    const std::vector<float> values{1, -1, tiny, -tiny, 0, -0.0F, kNaN, kInfinity, -kInfinity, 2, 3};
    const std::vector<uint8_t> expected{0b10100001, 0b01100000};
    EXPECT_EQ(quantized<uint8_t>(values, 11, VectorType::UBinary), expected);
    const std::vector<int8_t> less_128{0b10100001 - 128, 0b01100000 - 128};
    EXPECT_EQ(quantized<int8_t>(values, 11, VectorType::Binary), less_128);
    const std::vector<float> signs{1, -1, 1, -1, -1, -1, -1, 1, -1, 1, 1};
    EXPECT_EQ(dequantized(expected, 11, VectorType::UBinary), signs);
    EXPECT_EQ(dequantized(less_128, 11, VectorType::Binary), signs);
}

TEST(Quantize, BitsOfEveryWidth) {
    for (size_t dimensions = 1; dimensions <= 70; ++dimensions) {
        const auto values = random_values(5 * dimensions, static_cast<unsigned>(dimensions));
        const auto bytes = quantized<uint8_t>(values, dimensions, VectorType::UBinary);
        const size_t width = (dimensions + 7) / 8;
        std::vector<uint8_t> expected(5 * width);
        for (size_t i = 0; i < values.size(); ++i) {
            const size_t d = i % dimensions;
            if (values[i] > 0) expected[i / dimensions * width + d / 8] |= static_cast<uint8_t>(0x80 >> (d % 8));
        }
        ASSERT_EQ(bytes, expected) << dimensions;
    }
}

TEST(Quantize, NamesOfElementTypes) {
    for (const auto* name : {"float32", "float16", "bfloat16", "int8", "uint8", "binary", "ubinary"})
        EXPECT_NO_THROW(vector_type(name));
    EXPECT_THROW(vector_type("int4"), Error);
}

}  // namespace
}  // namespace ovembed
