#include "core/graph/masks.h"

namespace ovembed::graph {
namespace {

// Boolean [S, S]: whether key j is within reach of query i. Positions are compared rather than distances, which would
// be another S × S numbers.
Value within(const Value& length, Reach reach) {
    const Value positions = counting(length);
    const Value keys = make<op::v0::Unsqueeze>(positions, constant(std::vector<int64_t>{0}));
    const Value queries = make<op::v0::Unsqueeze>(positions, constant(std::vector<int64_t>{1}));
    Value allowed;
    if (reach.before != Reach::kUnlimited) {
        allowed = make<op::v1::LessEqual>(queries - scalar(static_cast<int64_t>(reach.before)), keys);
    }
    if (reach.after != Reach::kUnlimited) {
        const Value ahead = make<op::v1::LessEqual>(keys, queries + scalar(static_cast<int64_t>(reach.after)));
        allowed = allowed.get_node() == nullptr ? ahead : make<op::v1::LogicalAnd>(allowed, ahead);
    }
    return allowed;
}

}  // namespace

Value additive_mask(const Value& attention_mask, Reach reach) {
    constexpr float kLowest = std::numeric_limits<float>::lowest();
    const Value axes = constant(std::vector<int64_t>{1, 2});
    if (reach.unlimited()) {
        const Value as_float = make<op::v0::Convert>(attention_mask, ov::element::f32);
        return make<op::v0::Unsqueeze>((constant(1.0F) - as_float) * constant(kLowest), axes);
    }
    const Value tokens = make<op::v0::Unsqueeze>(make<op::v0::Convert>(attention_mask, ov::element::boolean), axes);
    const Value allowed = make<op::v1::LogicalAnd>(tokens, within(dimension(attention_mask, 1), reach));
    return make<op::v1::Select>(allowed, constant(0.0F), constant(kLowest));
}

}  // namespace ovembed::graph
