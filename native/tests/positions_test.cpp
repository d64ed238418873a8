#include "core/graph/positions.h"

#include <map>

#include "tests/computed.h"

namespace ovembed::graph {
namespace {

using testing::computed;

const Value kThree = constant(std::vector<int64_t>{3});

Value ids_of(const ov::Shape& shape, const std::vector<int64_t>& ids) {
    return op::v0::Constant::create(ov::element::i64, shape, ids);
}

TEST(Positions, BeginAfterPaddingAndLeaveItUncounted) {
    const Value ids = ids_of({3, 4}, {5, 6, 7, 8, 1, 1, 5, 6, 5, 1, 6, 1});
    EXPECT_EQ(computed(positions_after_padding(ids, 1, 100), {3, 4}),
              (std::vector<float>{2, 3, 4, 5, 1, 1, 2, 3, 2, 1, 3, 1}));
    EXPECT_EQ(computed(positions_after_padding(ids, 7, 100), {3, 4}),
              (std::vector<float>{8, 9, 7, 10, 8, 9, 10, 11, 8, 9, 10, 11}));
}

TEST(Positions, StayWithinTheirTable) {
    const Value ids = ids_of({1, 4}, {5, 6, 7, 8});
    EXPECT_EQ(computed(positions_after_padding(ids, 1, 3), {1, 4}), (std::vector<float>{2, 3, 3, 3}));
}

TEST(Positions, DistancesLeadFromQueryToKey) {
    EXPECT_EQ(computed(distances(kThree), {3, 3}), (std::vector<float>{0, 1, 2, -1, 0, 1, -2, -1, 0}));
}

TEST(Positions, ABiasByDistanceIsThatOfTheNearestBeyondItsReach) {
    const Value rows = constant(ov::Shape{3, 2}, {-1, -10, 0, 5, 1, 10});  // of distances -1, 0, 1 for two heads
    EXPECT_EQ(computed(distance_bias(rows, 1, kThree), {1, 2, 3, 3}),
              (std::vector<float>{0, 1, 1, -1, 0, 1, -1, -1, 0,  //
                                  5, 10, 10, -10, 5, 10, -10, -10, 5}));
}

TEST(Positions, RowsOfBucketsAreInTheOrderOfDistances) {
    const Value table = constant(ov::Shape{2, 1}, {7, 9});
    const Value rows = bucket_rows(table, 2, [](int64_t distance) { return distance > 0 ? 1 : 0; });
    EXPECT_EQ(computed(rows, {5, 1}), (std::vector<float>{7, 7, 7, 9, 9}));
}

// By transformers' T5Attention._relative_position_bucket and MPNetEncoder.relative_position_bucket, which agree.
TEST(Positions, BucketsAreThoseOfT5) {
    const std::map<int64_t, int64_t> expected{
        {0, 0},   {1, 17},   {-1, 1},  {7, 23},  {-7, 7},   {8, 24},   {-8, 8},   {11, 24},   {12, 25},
        {16, 26}, {-16, 10}, {22, 26}, {23, 27}, {31, 27},  {32, 28},  {-32, 12}, {45, 28},   {46, 29},
        {63, 29}, {64, 30},  {90, 30}, {91, 31}, {-91, 15}, {127, 31}, {128, 31}, {-128, 15}, {1000, 31}};
    for (const auto& [distance, bucket] : expected) EXPECT_EQ(t5_bucket(distance, 32, 128), bucket) << distance;
    const std::map<int64_t, int64_t> few{{-20, 3}, {-8, 3}, {-4, 2}, {0, 0}, {4, 6}, {8, 7}, {20, 7}};
    for (const auto& [distance, bucket] : few) EXPECT_EQ(t5_bucket(distance, 8, 16), bucket) << distance;
}

}  // namespace
}  // namespace ovembed::graph
