#include "core/graph/alibi.h"

#include <cmath>

#include "core/graph/positions.h"

namespace ovembed::graph {
namespace {

std::vector<float> slopes_of_power(size_t heads) {
    std::vector<float> slopes;
    for (size_t i = 1; i <= heads; ++i) {
        slopes.push_back(static_cast<float>(std::exp2(-8.0 * static_cast<double>(i) / static_cast<double>(heads))));
    }
    return slopes;
}

}  // namespace

std::vector<float> alibi_slopes(size_t heads) {
    size_t power = 1;
    while (power * 2 <= heads) power *= 2;
    std::vector<float> slopes = slopes_of_power(power);
    const std::vector<float> finer = slopes_of_power(2 * power);
    for (size_t i = 0; slopes.size() < heads; i += 2) slopes.push_back(finer.at(i));
    return slopes;
}

Value alibi_bias(size_t heads, const Value& length) {
    std::vector<float> factors = alibi_slopes(heads);
    for (float& factor : factors) factor = -factor;
    const Value far = make<op::v0::Abs>(distances(length));
    return make<op::v0::Convert>(far, ov::element::f32) * constant(ov::Shape{1, heads, 1, 1}, factors);
}

}  // namespace ovembed::graph
