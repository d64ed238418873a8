#include "core/pooling.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <openvino/core/type/bfloat16.hpp>
#include <openvino/core/type/float16.hpp>

#include "core/error.h"

namespace ovembed {
namespace {

template <typename T>
float widen(T value) {
    return static_cast<float>(value);
}

// bf16 is the upper half of an f32; written out because the compiler vectorises this and not the library's class.
template <>
float widen(ov::bfloat16 value) {
    const uint32_t bits = static_cast<uint32_t>(value.to_bits()) << 16;
    float wide;
    std::memcpy(&wide, &bits, sizeof wide);
    return wide;
}

template <typename T>
void widen_to(const T* from, size_t count, float* to) {
    for (size_t i = 0; i < count; ++i) to[i] = widen(from[i]);
}

// Weight of the i-th real token (from 0). Positions are counted over real tokens, so that padding changes nothing.
double token_weight(PoolingType type, size_t i) {
    return type == PoolingType::WeightedMean ? static_cast<double>(i + 1) : 1.0;
}

double divisor(PoolingType type, size_t length) {
    const auto n = static_cast<double>(length);
    if (type == PoolingType::MeanSqrtLen) return std::sqrt(n);
    if (type == PoolingType::WeightedMean) return n * (n + 1) / 2;
    return n;
}

template <typename T>
void pool_sum(const T* tokens, size_t length, size_t hidden, PoolingType type, std::vector<double>& sums, float* out) {
    sums.assign(hidden, 0.0);
    for (size_t i = 0; i < length; ++i) {
        const T* token = tokens + i * hidden;
        const double weight = token_weight(type, i);
        for (size_t d = 0; d < hidden; ++d) sums[d] += weight * static_cast<double>(widen(token[d]));
    }
    const double scale = 1.0 / divisor(type, length);
    for (size_t d = 0; d < hidden; ++d) out[d] = static_cast<float>(sums[d] * scale);
}

template <typename T>
void pool_max(const T* tokens, size_t length, size_t hidden, float* out) {
    widen_to(tokens, hidden, out);
    for (size_t i = 1; i < length; ++i) {
        const T* token = tokens + i * hidden;
        // A NaN wins over any number, whether it comes first or later: it must be seen, not skipped.
        for (size_t d = 0; d < hidden; ++d) {
            const float value = widen(token[d]);
            if (value > out[d] || std::isnan(value)) out[d] = value;
        }
    }
}

template <typename T>
void pool_tokens(const T* tokens, size_t length, size_t hidden, PoolingType type, std::vector<double>& sums,
                 float* out) {
    if (length == 0) {
        std::fill_n(out, hidden, 0.0F);
        return;
    }
    switch (type) {
        case PoolingType::Cls:
            return widen_to(tokens, hidden, out);
        case PoolingType::LastToken:
            return widen_to(tokens + (length - 1) * hidden, hidden, out);
        case PoolingType::Max:
            return pool_max(tokens, length, hidden, out);
        case PoolingType::Mean:
        case PoolingType::MeanSqrtLen:
        case PoolingType::WeightedMean:
            return pool_sum(tokens, length, hidden, type, sums, out);
    }
}

// Calls `use` with a typed pointer to the first real token of the row.
template <typename Use>
void with_tokens(const HiddenStates& states, size_t row, RowSpan span, const Use& use) {
    const size_t first = (row * states.width + span.begin) * states.hidden;
    switch (states.type) {
        case HiddenType::F32:
            return use(static_cast<const float*>(states.data) + first);
        case HiddenType::BF16:
            return use(static_cast<const ov::bfloat16*>(states.data) + first);
        case HiddenType::F16:
            return use(static_cast<const ov::float16*>(states.data) + first);
    }
}

}  // namespace

PoolingType pooling_type(const std::string& name) {
    if (name == "CLS") return PoolingType::Cls;
    if (name == "MEAN") return PoolingType::Mean;
    if (name == "MAX") return PoolingType::Max;
    if (name == "MEAN_SQRT_LEN") return PoolingType::MeanSqrtLen;
    if (name == "WEIGHTED_MEAN") return PoolingType::WeightedMean;
    if (name == "LAST_TOKEN") return PoolingType::LastToken;
    throw Error(ErrorCode::InvalidArgument,
                "Expected CLS, MEAN, MAX, MEAN_SQRT_LEN, WEIGHTED_MEAN or LAST_TOKEN for the pooling type, received '" +
                    name + "'.");
}

void pool_row(const HiddenStates& states, size_t row, RowSpan span, PoolingType type, std::vector<double>& sums,
              float* out) {
    with_tokens(states, row, span,
                [&](const auto* tokens) { pool_tokens(tokens, span.length, states.hidden, type, sums, out); });
}

void copy_token_vectors(const HiddenStates& states, size_t row, RowSpan span, float* out) {
    with_tokens(states, row, span, [&](const auto* tokens) { widen_to(tokens, span.length * states.hidden, out); });
}

void normalize(float* vector, size_t width) {
    double squares = 0;
    for (size_t d = 0; d < width; ++d) squares += static_cast<double>(vector[d]) * vector[d];
    const double scale = 1.0 / std::max(std::sqrt(squares), 1e-12);
    for (size_t d = 0; d < width; ++d) vector[d] = static_cast<float>(vector[d] * scale);
}

bool all_finite(const float* values, size_t count) {
    return std::all_of(values, values + count, [](float value) { return std::isfinite(value); });
}

}  // namespace ovembed
