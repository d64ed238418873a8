#include "core/graph/ops.h"

namespace ovembed::graph {

Value constant(float value) { return op::v0::Constant::create(ov::element::f32, ov::Shape{}, {value}); }

Value scalar(int64_t value) { return op::v0::Constant::create(ov::element::i64, ov::Shape{}, {value}); }

Value constant(const std::vector<int64_t>& values) {
    return op::v0::Constant::create(ov::element::i64, ov::Shape{values.size()}, values);
}

Value constant(const ov::Shape& shape, const std::vector<float>& values) {
    return op::v0::Constant::create(ov::element::f32, shape, values);
}

Value scaled(const Value& x, float factor) { return factor == 1 ? x : x * constant(factor); }

Value dimension(const Value& x, int64_t axis) {
    return look_up(make<op::v3::ShapeOf>(x), constant(std::vector<int64_t>{axis}));
}

Value first_rows(const Value& table, const Value& length) {
    const auto zero = constant(std::vector<int64_t>{0});
    return make<op::v8::Slice>(table, zero, length, constant(std::vector<int64_t>{1}), zero);
}

Value look_up(const Value& table, const Value& indices) {
    return make<op::v8::Gather>(table, indices, constant(std::vector<int64_t>{0}));
}

Value columns(const Value& x, int64_t from, int64_t count) {
    const auto at = [](int64_t value) { return constant(std::vector<int64_t>{value}); };
    return make<op::v8::Slice>(x, at(from), at(from + count), at(1), at(-1));
}

Value counting(const Value& length) {
    const Value stop = make<op::v0::Squeeze>(length, constant(std::vector<int64_t>{0}));
    return make<op::v4::Range>(scalar(0), stop, scalar(1), ov::element::i64);
}

}  // namespace ovembed::graph
