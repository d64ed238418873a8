#include "core/pooling.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <openvino/core/type/bfloat16.hpp>
#include <openvino/core/type/float16.hpp>
#include <random>

#include "tests/expect.h"

namespace ovembed {
namespace {

constexpr PoolingType kTypes[] = {PoolingType::Cls,         PoolingType::Mean,         PoolingType::Max,
                                  PoolingType::MeanSqrtLen, PoolingType::WeightedMean, PoolingType::LastToken};

// What sentence-transformers computes, written as plainly as possible, in f64.
double pooled_value(PoolingType type, const std::vector<double>& tokens) {
    if (tokens.empty()) return 0;
    const auto n = static_cast<double>(tokens.size());
    const double sum = std::accumulate(tokens.begin(), tokens.end(), 0.0);
    double weighted = 0;
    double weights = 0;
    for (size_t i = 0; i < tokens.size(); ++i) {
        weighted += static_cast<double>(i + 1) * tokens[i];
        weights += static_cast<double>(i + 1);
    }
    switch (type) {
        case PoolingType::Cls:
            return tokens.front();
        case PoolingType::LastToken:
            return tokens.back();
        case PoolingType::Max:
            return *std::max_element(tokens.begin(), tokens.end());
        case PoolingType::Mean:
            return sum / n;
        case PoolingType::MeanSqrtLen:
            return sum / std::sqrt(n);
        case PoolingType::WeightedMean:
            return weighted / weights;
    }
    return std::nan("");
}

// Random hidden states [rows, width, hidden] of type T; padding holds NaN, so that reading it shows.
template <typename T>
struct States {
    size_t width = 9;
    size_t hidden = 5;
    std::vector<RowSpan> spans{{0, 9}, {0, 4}, {5, 4}, {0, 1}, {8, 1}, {0, 0}, {9, 0}, {2, 3}};
    std::vector<T> values;

    explicit States(unsigned seed) : values(spans.size() * width * hidden, T(std::nanf(""))) {
        std::mt19937 random(seed);
        std::uniform_real_distribution<float> uniform(-3, 3);
        for (size_t row = 0; row < spans.size(); ++row) {
            for (size_t i = spans[row].begin; i < spans[row].begin + spans[row].length; ++i) {
                for (size_t d = 0; d < hidden; ++d) values[index(row, i, d)] = T(uniform(random));
            }
        }
    }

    size_t index(size_t row, size_t token, size_t d) const { return (row * width + token) * hidden + d; }
    HiddenStates view(HiddenType type) const { return {values.data(), type, width, hidden}; }
    std::vector<double> column(size_t row, size_t d) const {
        std::vector<double> column;
        for (size_t i = 0; i < spans[row].length; ++i) {
            column.push_back(static_cast<float>(values[index(row, spans[row].begin + i, d)]));
        }
        return column;
    }
};

template <typename T>
void check_against_reference(HiddenType hidden_type) {
    std::vector<double> sums;
    for (unsigned seed = 0; seed < 20; ++seed) {
        const States<T> states(seed);
        std::vector<float> out(states.hidden);
        for (const PoolingType type : kTypes) {
            for (size_t row = 0; row < states.spans.size(); ++row) {
                pool_row(states.view(hidden_type), row, states.spans[row], type, sums, out.data());
                for (size_t d = 0; d < states.hidden; ++d) {
                    EXPECT_FLOAT_EQ(out[d], static_cast<float>(pooled_value(type, states.column(row, d))))
                        << "type " << static_cast<int>(type) << " row " << row << " dimension " << d;
                }
            }
        }
    }
}

TEST(Pooling, EqualsThePlainReferenceInF32) { check_against_reference<float>(HiddenType::F32); }

TEST(Pooling, EqualsThePlainReferenceInBf16) { check_against_reference<ov::bfloat16>(HiddenType::BF16); }

TEST(Pooling, EqualsThePlainReferenceInF16) { check_against_reference<ov::float16>(HiddenType::F16); }

// sentence-transformers' include_prompt: false.
TEST(Pooling, LeavesThePromptOut) {
    const std::vector<float> tokens{-7, 8, 1, 2, 6, -7};  // one token of padding on each side
    const HiddenStates states{tokens.data(), HiddenType::F32, 6, 1};
    std::vector<double> sums;
    const auto pooled = [&](PoolingType type, size_t prompt) {
        float out = -1;
        pool_row(states, 0, {1, 4, prompt}, type, sums, &out);
        return out;
    };
    EXPECT_EQ(pooled(PoolingType::Cls, 1), 1);
    EXPECT_EQ(pooled(PoolingType::Max, 1), 6);
    EXPECT_EQ(pooled(PoolingType::Mean, 1), 3);
    EXPECT_FLOAT_EQ(pooled(PoolingType::MeanSqrtLen, 1), 9 / std::sqrt(3.0F));
    EXPECT_FLOAT_EQ(pooled(PoolingType::WeightedMean, 1), (2 * 1 + 3 * 2 + 4 * 6) / 9.0F);
    EXPECT_EQ(pooled(PoolingType::LastToken, 1), 6);
    for (const size_t prompt : {4U, 5U}) {
        for (const PoolingType type : kTypes)
            EXPECT_EQ(pooled(type, prompt), type == PoolingType::Cls ? 8 : 0) << prompt;
    }
}

TEST(Pooling, KeepsSumsInF64) {
    // In f32, 1 vanishes beside 2^24; the mean of the four is exactly 0.5.
    const std::vector<float> tokens{16777216, 1, 1, -16777216};
    std::vector<double> sums;
    float mean = 0;
    pool_row({tokens.data(), HiddenType::F32, 4, 1}, 0, {0, 4}, PoolingType::Mean, sums, &mean);
    EXPECT_EQ(mean, 0.5F);
}

TEST(Pooling, ShowsNonFiniteValuesInEveryMode) {
    std::vector<double> sums;
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
        for (const PoolingType type : kTypes) {
            const bool first_counts = type != PoolingType::LastToken;
            const bool last_counts = type != PoolingType::Cls;
            float out = 0;
            for (size_t position = 0; position < 3; ++position) {
                std::vector<float> tokens{1, 2, 3};
                tokens[position] = bad;
                pool_row({tokens.data(), HiddenType::F32, 3, 1}, 0, {0, 3}, type, sums, &out);
                const bool counts = (position > 0 || first_counts) && (position < 2 || last_counts) &&
                                    (position != 1 || (first_counts && last_counts));
                EXPECT_EQ(all_finite(&out, 1), !counts)
                    << "type " << static_cast<int>(type) << " position " << position;
            }
        }
    }
}

TEST(Pooling, NanWinsTheMaximumWhereverItStands) {
    std::vector<double> sums;
    for (size_t position = 0; position < 4; ++position) {
        std::vector<float> tokens{1, std::numeric_limits<float>::infinity(), 3, 4};
        tokens[position] = std::nanf("");
        float out = 0;
        pool_row({tokens.data(), HiddenType::F32, 4, 1}, 0, {0, 4}, PoolingType::Max, sums, &out);
        EXPECT_TRUE(std::isnan(out)) << position;
    }
}

TEST(Pooling, CopiesTokenVectors) {
    const States<ov::bfloat16> states(3);
    for (size_t row = 0; row < states.spans.size(); ++row) {
        const RowSpan span = states.spans[row];
        std::vector<float> out(span.length * states.hidden + 1, -7);
        copy_token_vectors(states.view(HiddenType::BF16), row, span, out.data());
        for (size_t i = 0; i < span.length * states.hidden; ++i) {
            EXPECT_EQ(out[i], static_cast<float>(states.values[states.index(row, span.begin, 0) + i]));
        }
        EXPECT_EQ(out.back(), -7) << "written beyond the row's tokens";
    }
}

TEST(Pooling, WidensEveryBf16Exactly) {
    std::vector<ov::bfloat16> all(65536);
    for (uint32_t bits = 0; bits < 65536; ++bits) all[bits] = ov::bfloat16::from_bits(static_cast<uint16_t>(bits));
    std::vector<float> wide(65536);
    copy_token_vectors({all.data(), HiddenType::BF16, 65536, 1}, 0, {0, 65536}, wide.data());
    for (uint32_t bits = 0; bits < 65536; ++bits) {
        uint32_t got = 0;
        std::memcpy(&got, &wide[bits], sizeof got);
        ASSERT_EQ(got, bits << 16);
    }
}

TEST(Normalize, GivesUnitLength) {
    std::vector<float> vector{3, 4};
    normalize(vector.data(), 2);
    EXPECT_FLOAT_EQ(vector[0], 0.6F);
    EXPECT_FLOAT_EQ(vector[1], 0.8F);
}

TEST(Normalize, LeavesZeroAndIsSafeAtTheEnds) {
    std::vector<float> zero(4, 0);
    normalize(zero.data(), 4);
    EXPECT_EQ(zero, std::vector<float>(4, 0));

    // The squares overflow and underflow f32; in f64 they do not.
    std::vector<float> large(4, 1e30F);
    normalize(large.data(), 4);
    EXPECT_FLOAT_EQ(large[0], 0.5F);
    std::vector<float> small(4, 1e-10F);
    normalize(small.data(), 4);
    EXPECT_FLOAT_EQ(small[0], 0.5F);

    // Below torch's floor of 1e-12 the vector is scaled by 1e12, not to unit length.
    std::vector<float> tiny{1e-15F};
    normalize(tiny.data(), 1);
    EXPECT_FLOAT_EQ(tiny[0], 1e-3F);
}

TEST(Normalize, DoesNotHideNonFiniteValues) {
    for (const float bad :
         {std::nanf(""), std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()}) {
        std::vector<float> vector{1, bad};
        EXPECT_FALSE(all_finite(vector.data(), 2));
        normalize(vector.data(), 2);
        EXPECT_FALSE(all_finite(vector.data(), 2));
    }
    const float finite[] = {0, -1, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()};
    EXPECT_TRUE(all_finite(finite, 4));
}

TEST(PoolingType, IsKnownByName) {
    const std::pair<const char*, PoolingType> names[] = {{"CLS", PoolingType::Cls},
                                                         {"MEAN", PoolingType::Mean},
                                                         {"MAX", PoolingType::Max},
                                                         {"MEAN_SQRT_LEN", PoolingType::MeanSqrtLen},
                                                         {"WEIGHTED_MEAN", PoolingType::WeightedMean},
                                                         {"LAST_TOKEN", PoolingType::LastToken}};
    for (const auto& [name, type] : names) EXPECT_EQ(pooling_type(name), type);
    testing::expect_error(ErrorCode::InvalidArgument, "received 'mean'", [] { pooling_type("mean"); });
}

}  // namespace
}  // namespace ovembed
