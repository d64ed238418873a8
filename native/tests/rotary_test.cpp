#include "core/graph/rotary.h"

#include <cmath>

#include "tests/computed.h"

namespace ovembed::graph {
namespace {

using testing::computed;
using testing::expect_near;

constexpr float kExact = 1e-6F;

TEST(Rotary, FrequenciesFallFromOneByPowersOfTheBase) {
    expect_near(rotary_frequencies(8, 10000), {1, 0.1F, 0.01F, 0.001F}, kExact);
}

// Two positions, four values: (x0, x2) turn by the position times 1, (x1, x3) by the position times 0.5.
TEST(Rotary, TurnsPairsOfTheTwoHalvesByTheirPosition) {
    const Rotary angles = rotary({1, 0.5F}, 8, constant(std::vector<int64_t>{2}));
    const Value x = constant(ov::Shape{1, 1, 2, 4}, {1, 2, 3, 4, 1, 2, 3, 4});
    const auto cos = [](float angle) { return std::cos(angle); };
    const auto sin = [](float angle) { return std::sin(angle); };
    expect_near(computed(rotate(x, angles, 4), {1, 1, 2, 4}),
                {1, 2, 3, 4,                                          //
                 cos(1) - 3 * sin(1), 2 * cos(0.5F) - 4 * sin(0.5F),  //
                 3 * cos(1) + sin(1), 4 * cos(0.5F) + 2 * sin(0.5F)},
                kExact);
}

TEST(Rotary, ScalesItsTables) {
    const Rotary angles = rotary({1}, 4, constant(std::vector<int64_t>{2}), 0.5F);
    expect_near(computed(angles.cos, {1, 1, 2, 2}), {0.5F, 0.5F, std::cos(1.0F) / 2, std::cos(1.0F) / 2}, kExact);
    expect_near(computed(angles.sin, {1, 1, 2, 2}), {0, 0, std::sin(1.0F) / 2, std::sin(1.0F) / 2}, kExact);
}

}  // namespace
}  // namespace ovembed::graph
