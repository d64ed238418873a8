// Short names for the operations of OpenVINO that graphs are written in. Shapes: B rows, S tokens, H hidden width.
#pragma once

#include <cstdint>
#include <openvino/op/ops.hpp>
#include <vector>

namespace ovembed::graph {

namespace op = ov::op;

using Value = ov::Output<ov::Node>;

template <typename Op, typename... Arguments>
Value make(Arguments&&... arguments) {
    return std::make_shared<Op>(std::forward<Arguments>(arguments)...);
}

Value constant(float value);
Value scalar(int64_t value);
Value constant(const std::vector<int64_t>& values);
Value constant(const ov::Shape& shape, const std::vector<float>& values);

inline Value operator+(const Value& a, const Value& b) { return make<op::v1::Add>(a, b); }
inline Value operator-(const Value& a, const Value& b) { return make<op::v1::Subtract>(a, b); }
inline Value operator*(const Value& a, const Value& b) { return make<op::v1::Multiply>(a, b); }

// Multiplies by a factor, unless it is 1; of a constant, that is done once, when the model is compiled.
Value scaled(const Value& x, float factor);

// The size of one axis of x as i64 [1].
Value dimension(const Value& x, int64_t axis);

// table[0 … length) along axis 0, with `length` i64 [1]. A row that is longer than the table so shows in the shapes.
Value first_rows(const Value& table, const Value& length);

// table[indices] along axis 0.
Value look_up(const Value& table, const Value& indices);

// x along its last axis: [from, from + count).
Value columns(const Value& x, int64_t from, int64_t count);

// 0 … length − 1 as i64 [S], with `length` i64 [1].
Value counting(const Value& length);

}  // namespace ovembed::graph
