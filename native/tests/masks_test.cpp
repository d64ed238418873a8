#include "core/graph/masks.h"

#include "tests/computed.h"

namespace ovembed::graph {
namespace {

using testing::computed;

constexpr float kNo = std::numeric_limits<float>::lowest();

Value rows_of(const ov::Shape& shape, const std::vector<int64_t>& values) {
    return op::v0::Constant::create(ov::element::i64, shape, values);
}

TEST(Masks, PaddingIsSeenByNone) {
    const Value mask = additive_mask(rows_of({2, 3}, {1, 1, 0, 0, 0, 1}));
    EXPECT_EQ(computed(mask, {2, 1, 1, 3}), (std::vector<float>{0, 0, kNo, kNo, kNo, 0}));
}

TEST(Masks, AWindowReachesItsTokensOnBothSides) {
    Reach reach;
    reach.before = 1;
    reach.after = 2;
    const Value mask = additive_mask(rows_of({1, 5}, {1, 1, 1, 1, 0}), reach);
    EXPECT_EQ(computed(mask, {1, 1, 5, 5}), (std::vector<float>{0,   0,   0,   kNo, kNo,  //
                                                                0,   0,   0,   0,   kNo,  //
                                                                kNo, 0,   0,   0,   kNo,  //
                                                                kNo, kNo, 0,   0,   kNo,  //
                                                                kNo, kNo, kNo, 0,   kNo}));
}

TEST(Masks, ACausalTokenSeesItselfAndThoseBefore) {
    Reach reach;
    reach.after = 0;
    const Value mask = additive_mask(rows_of({1, 3}, {0, 1, 1}), reach);
    EXPECT_EQ(computed(mask, {1, 1, 3, 3}), (std::vector<float>{kNo, kNo, kNo,  //
                                                                kNo, 0, kNo,    //
                                                                kNo, 0, 0}));
}

}  // namespace
}  // namespace ovembed::graph
