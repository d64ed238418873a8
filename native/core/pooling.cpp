#include "core/pooling.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/widen.h"

namespace ovembed {
namespace {

// Tokens [first, last) of a row.
template <typename T>
struct Tokens {
    const T* row;
    size_t first, last;
    size_t hidden;

    const T* at(size_t i) const { return row + i * hidden; }
};

// Weight of the i-th real token (from 0). Positions are counted over real tokens, so that padding changes nothing.
double token_weight(PoolingType type, size_t i) {
    return type == PoolingType::WeightedMean ? static_cast<double>(i + 1) : 1.0;
}

double divisor(PoolingType type, size_t first, size_t last) {
    const auto n = static_cast<double>(last - first);
    if (type == PoolingType::MeanSqrtLen) return std::sqrt(n);
    if (type == PoolingType::WeightedMean) return n * static_cast<double>(first + last + 1) / 2;
    return n;
}

template <typename T>
void pool_sum(const Tokens<T>& tokens, PoolingType type, std::vector<double>& sums, float* out) {
    const auto [row, first, last, hidden] = tokens;
    sums.assign(hidden, 0.0);
    for (size_t i = first; i < last; ++i) {
        const T* token = row + i * hidden;
        const double weight = token_weight(type, i);
        for (size_t d = 0; d < hidden; ++d) sums[d] += weight * static_cast<double>(widen(token[d]));
    }
    const double scale = 1.0 / divisor(type, first, last);
    for (size_t d = 0; d < hidden; ++d) out[d] = static_cast<float>(sums[d] * scale);
}

template <typename T>
void pool_max(const Tokens<T>& tokens, float* out) {
    widen_to(tokens.at(tokens.first), tokens.hidden, out);
    for (size_t i = tokens.first + 1; i < tokens.last; ++i) {
        const T* token = tokens.at(i);
        // A NaN wins over any number, whether it comes first or later: it must be seen, not skipped.
        for (size_t d = 0; d < tokens.hidden; ++d) {
            const float value = widen(token[d]);
            if (value > out[d] || std::isnan(value)) out[d] = value;
        }
    }
}

template <typename T>
void pool_tokens(const Tokens<T>& tokens, PoolingType type, std::vector<double>& sums, float* out) {
    const bool nothing_left = tokens.first == tokens.last;
    if (nothing_left && (type != PoolingType::Cls || tokens.last == 0)) {
        std::fill_n(out, tokens.hidden, 0.0F);
        return;
    }
    switch (type) {
        case PoolingType::Cls:
            return widen_to(tokens.at(nothing_left ? 0 : tokens.first), tokens.hidden, out);
        case PoolingType::LastToken:
            return widen_to(tokens.at(tokens.last - 1), tokens.hidden, out);
        case PoolingType::Max:
            return pool_max(tokens, out);
        case PoolingType::Mean:
        case PoolingType::MeanSqrtLen:
        case PoolingType::WeightedMean:
            return pool_sum(tokens, type, sums, out);
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
    const size_t first = std::min(span.prompt, span.length);
    with_tokens(states, row, span, [&](const auto* tokens) {
        pool_tokens(Tokens<std::decay_t<decltype(*tokens)>>{tokens, first, span.length, states.hidden}, type, sums,
                    out);
    });
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
