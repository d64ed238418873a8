#include "core/graph/attention.h"

#include <cmath>

namespace ovembed::graph {
namespace {

Value swap_heads_and_tokens(const Value& x) {
    return make<op::v1::Transpose>(x, constant(std::vector<int64_t>{0, 2, 1, 3}));
}

}  // namespace

Value split_heads(const Value& x, size_t heads, size_t head_width) {
    const auto pattern =
        constant(std::vector<int64_t>{0, 0, static_cast<int64_t>(heads), static_cast<int64_t>(head_width)});
    return swap_heads_and_tokens(make<op::v1::Reshape>(x, pattern, true));
}

Value merge_heads(const Value& x, size_t heads, size_t head_width) {
    const auto pattern = constant(std::vector<int64_t>{0, 0, static_cast<int64_t>(heads * head_width)});
    return make<op::v1::Reshape>(swap_heads_and_tokens(x), pattern, true);
}

Value repeat_heads(const Value& x, size_t heads, size_t times) {
    if (times == 1) return x;
    std::vector<int64_t> sources;
    for (size_t head = 0; head < heads; ++head) sources.insert(sources.end(), times, static_cast<int64_t>(head));
    return make<op::v8::Gather>(x, constant(sources), constant(std::vector<int64_t>{1}));
}

float attention_scale(size_t head_width) {
    return static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_width)));
}

Scores scores_for(size_t positions) { return positions > 2048 ? Scores::Fused : Scores::WrittenOut; }

Value attend(const Value& query, const Value& key, const Value& value, const Value& bias, Scores scores) {
    if (scores == Scores::Fused) {
        return make<op::v13::ScaledDotProductAttention>(query, key, value, bias, constant(1.0F), false);
    }
    const Value sums = make<op::v0::MatMul>(query, key, false, true) + bias;
    return make<op::v0::MatMul>(make<op::v8::Softmax>(sums, -1), value);
}

Value attend(const Heads& heads, const Value& bias, Scores scores) {
    return attend(heads.query, heads.key, heads.value, bias, scores);
}

Heads rotated(const Heads& heads, const Rotary& rotary, size_t width) {
    return {rotate(heads.query, rotary, width), rotate(heads.key, rotary, width), heads.value};
}

Heads separate_heads(const Value& x, const Weights& weights, const std::string& name, size_t hidden, size_t heads,
                     const AttentionNames& names) {
    const size_t width = hidden / heads;
    const auto project = [&](const std::string& part, float scale) {
        return split_heads(linear(x, weights, name + "." + part, hidden, hidden, scale), heads, width);
    };
    return {project(names.query, attention_scale(width)), project(names.key, 1), project(names.value, 1)};
}

Heads packed_heads(const Value& x, const Weights& weights, const std::string& name, size_t hidden, size_t heads,
                   Bias bias) {
    const size_t width = hidden / heads;
    const auto project = [&](size_t part, float scale) {
        return split_heads(linear_part(x, weights, name, part, 3, hidden, hidden, scale, bias), heads, width);
    };
    return {project(0, attention_scale(width)), project(1, 1), project(2, 1)};
}

Value self_attention(const Value& x, const Value& bias, const Weights& weights, const std::string& name, size_t hidden,
                     size_t heads, const AttentionNames& names) {
    const Heads projected = separate_heads(x, weights, name, hidden, heads, names);
    return merge_heads(attend(projected, bias, Scores::WrittenOut), heads, hidden / heads);
}

}  // namespace ovembed::graph
