#include "core/graph/rotary.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace ovembed::graph {
namespace {

constexpr size_t kLargestTable = size_t{1} << 24;

// One half of a table, [positions, frequencies], cut to the length and doubled to [1, 1, S, width].
Value table(const std::vector<float>& half, size_t positions, const Value& length) {
    const Value rows = first_rows(constant(ov::Shape{positions, half.size() / positions}, half), length);
    const Value whole = make<op::v0::Concat>(ov::OutputVector{rows, rows}, -1);
    return make<op::v0::Unsqueeze>(whole, constant(std::vector<int64_t>{0, 1}));
}

}  // namespace

std::vector<float> rotary_frequencies(size_t width, double base) {
    std::vector<float> frequencies;
    for (size_t i = 0; i < width / 2; ++i) {
        const float exponent = static_cast<float>(2 * i) / static_cast<float>(width);
        frequencies.push_back(1.0F / std::pow(static_cast<float>(base), exponent));
    }
    return frequencies;
}

Rotary rotary(const std::vector<float>& frequencies, size_t positions, const Value& length, float scale) {
    if (positions > kLargestTable / std::max<size_t>(frequencies.size(), 1)) {
        throw Error(ErrorCode::ModelUnsupported, "Rotary tables of " + std::to_string(positions) + " positions and " +
                                                     std::to_string(frequencies.size()) +
                                                     " frequencies are larger than any model's.");
    }
    std::vector<float> cosines;
    std::vector<float> sines;
    cosines.reserve(positions * frequencies.size());
    sines.reserve(positions * frequencies.size());
    for (size_t position = 0; position < positions; ++position) {
        for (const float frequency : frequencies) {
            const float angle = static_cast<float>(position) * frequency;
            cosines.push_back(std::cos(angle) * scale);
            sines.push_back(std::sin(angle) * scale);
        }
    }
    return {table(cosines, positions, length), table(sines, positions, length)};
}

Value rotate(const Value& x, const Rotary& rotary, size_t width) {
    const auto half = static_cast<int64_t>(width / 2);
    const Value first = columns(x, 0, half);
    const Value second = columns(x, half, half);
    const Value turned = make<op::v0::Concat>(ov::OutputVector{make<op::v0::Negative>(second), first}, -1);
    return x * rotary.cos + turned * rotary.sin;
}

Value rotate_part(const Value& x, const Rotary& rotary, size_t rotated, size_t width) {
    if (rotated == width) return rotate(x, rotary, width);
    const Value first = rotate(columns(x, 0, static_cast<int64_t>(rotated)), rotary, rotated);
    const Value rest = columns(x, static_cast<int64_t>(rotated), static_cast<int64_t>(width - rotated));
    return make<op::v0::Concat>(ov::OutputVector{first, rest}, -1);
}

}  // namespace ovembed::graph
