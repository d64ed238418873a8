#include "core/graph/attention.h"

#include <cmath>
#include <limits>

#include "tests/computed.h"

namespace ovembed::graph {
namespace {

using testing::computed;
using testing::expect_near;

TEST(Attention, SplitsAndMergesHeads) {
    const Value x = constant(ov::Shape{1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
    const Value heads = split_heads(x, 2, 2);
    EXPECT_EQ(computed(heads, {1, 2, 2, 2}), (std::vector<float>{1, 2, 5, 6, 3, 4, 7, 8}));
    EXPECT_EQ(computed(merge_heads(heads, 2, 2), {1, 2, 4}), (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Attention, RepeatsEveryHeadInPlace) {
    const Value x = constant(ov::Shape{1, 2, 1, 1}, {1, 2});
    EXPECT_EQ(computed(repeat_heads(x, 2, 3), {1, 6, 1, 1}), (std::vector<float>{1, 1, 1, 2, 2, 2}));
}

// One head of width 1, two tokens; the query's scores are ln 3 and 0, so its weights 3/4 and 1/4.
TEST(Attention, WeighsValuesByTheirScores) {
    const float log3 = std::log(3.0F);
    const Value query = constant(ov::Shape{1, 1, 2, 1}, {log3, 0});
    const Value key = constant(ov::Shape{1, 1, 2, 1}, {1, 0});
    const Value value = constant(ov::Shape{1, 1, 2, 1}, {4, 8});
    const Value none = constant(ov::Shape{1, 1, 1, 2}, {0, 0});
    const Value first = constant(ov::Shape{1, 1, 1, 2}, {0, std::numeric_limits<float>::lowest()});
    for (const Scores scores : {Scores::WrittenOut, Scores::Fused}) {
        expect_near(computed(attend(query, key, value, none, scores), {1, 1, 2, 1}), {5, 6}, 1e-5F);
        expect_near(computed(attend(query, key, value, first, scores), {1, 1, 2, 1}), {4, 4}, 1e-5F);
    }
}

TEST(Attention, IsFusedForLongRowsAlone) {
    EXPECT_EQ(scores_for(2048), Scores::WrittenOut);
    EXPECT_EQ(scores_for(2049), Scores::Fused);
}

}  // namespace
}  // namespace ovembed::graph
