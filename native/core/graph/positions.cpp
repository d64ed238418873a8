#include "core/graph/positions.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace ovembed::graph {

Value positions_after_padding(const Value& input_ids, int64_t padding, int64_t last) {
    const Value is_token = make<op::v1::NotEqual>(input_ids, scalar(padding));
    const Value counts = make<op::v0::Convert>(is_token, ov::element::i64);
    const Value counted = make<op::v0::CumSum>(counts, scalar(1)) * counts;
    return make<op::v1::Minimum>(counted + scalar(padding), scalar(last));
}

Value distances(const Value& length) {
    const Value positions = counting(length);
    const Value keys = make<op::v0::Unsqueeze>(positions, constant(std::vector<int64_t>{0}));
    const Value queries = make<op::v0::Unsqueeze>(positions, constant(std::vector<int64_t>{1}));
    return keys - queries;
}

Value distance_rows(const Value& distances, int64_t reach) {
    const Value near = make<op::v1::Maximum>(make<op::v1::Minimum>(distances, scalar(reach)), scalar(-reach));
    return near + scalar(reach);
}

Value distance_bias(const Value& rows, int64_t reach, const Value& length) {
    // By heads first, so that the largest tensor, [heads, S, S], is made once and not transposed.
    const Value by_head = make<op::v1::Transpose>(rows, constant(std::vector<int64_t>{1, 0}));
    const Value rows_of_pairs = distance_rows(distances(length), reach);
    const Value bias = make<op::v8::Gather>(by_head, rows_of_pairs, constant(std::vector<int64_t>{1}));
    return make<op::v0::Unsqueeze>(bias, constant(std::vector<int64_t>{0}));
}

Value bucket_rows(const Value& table, int64_t reach, const std::function<int64_t(int64_t)>& bucket) {
    std::vector<int64_t> indices;
    for (int64_t distance = -reach; distance <= reach; ++distance) indices.push_back(bucket(distance));
    return look_up(table, constant(indices));
}

int64_t t5_bucket(int64_t distance, int64_t buckets, int64_t max_distance) {
    const int64_t half = buckets / 2;
    const int64_t side = distance > 0 ? half : 0;
    const int64_t far = std::abs(distance);
    const int64_t exact = half / 2;
    if (far < exact) return side + far;
    // In f32, as upstream: at the bounds of buckets f64 gives others.
    const float share = std::log(static_cast<float>(far) / static_cast<float>(exact)) /
                        static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(exact)));
    const auto bucket = exact + static_cast<int64_t>(share * static_cast<float>(half - exact));
    return side + std::min(bucket, half - 1);
}

}  // namespace ovembed::graph
