// Small ov::Models made by hand.
#pragma once

#include <memory>
#include <openvino/core/graph_util.hpp>
#include <openvino/op/ops.hpp>
#include <string>

namespace ovembed::testing {

inline std::shared_ptr<ov::op::v0::Parameter> parameter(const std::string& name,
                                                        const ov::PartialShape& shape = {-1, -1},
                                                        const ov::element::Type& type = ov::element::i64) {
    const auto node = std::make_shared<ov::op::v0::Parameter>(type, shape);
    node->set_friendly_name(name);
    node->output(0).set_names({name});
    return node;
}

inline std::shared_ptr<ov::op::v0::Result> result(const std::string& name, const ov::Output<ov::Node>& value) {
    const auto node = std::make_shared<ov::op::v0::Result>(value);
    node->output(0).set_names({name});
    return node;
}

// [rows, tokens] of ids to [rows, tokens, width] of f32: a look-up in a table of `vocabulary` rows where row i holds i.
inline ov::Output<ov::Node> look_up(const ov::Output<ov::Node>& ids, size_t vocabulary, size_t width) {
    std::vector<float> table(vocabulary * width);
    for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i / width);
    const auto rows = ov::op::v0::Constant::create(ov::element::f32, {vocabulary, width}, table);
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {}, {0});
    return std::make_shared<ov::op::v8::Gather>(rows, ids, axis);
}

// The vectors of look_up(), zeroed where the mask is 0.
inline ov::Output<ov::Node> masked_look_up(const ov::Output<ov::Node>& ids, const ov::Output<ov::Node>& mask,
                                           size_t vocabulary, size_t width) {
    const auto as_float = std::make_shared<ov::op::v0::Convert>(mask, ov::element::f32);
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {1}, {-1});
    const auto column = std::make_shared<ov::op::v0::Unsqueeze>(as_float, axis);
    return std::make_shared<ov::op::v1::Multiply>(look_up(ids, vocabulary, width), column);
}

// The mean over the tokens: [rows, tokens, width] to [rows, width].
inline ov::Output<ov::Node> mean_over_tokens(const ov::Output<ov::Node>& tokens) {
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {1}, {1});
    return std::make_shared<ov::op::v1::ReduceMean>(tokens, axis, false);
}

}  // namespace ovembed::testing
