#include "core/vectors/search_query.h"

#include <cmath>

#include "core/error.h"
#include "core/vectors/quantize.h"

namespace ovembed {
namespace {

bool is_bits(VectorType type) { return type == VectorType::Binary || type == VectorType::UBinary; }

// A code stands for `scale * code + offset`: the middle of its step, as dequantize() has it.
struct Decoding {
    float scale;
    float offset;
};

Decoding decoding(const RowFormat& format, size_t d) {
    const float min = format.ranges[d];
    const float scale = (format.ranges[format.dimensions + d] - min) / 255;
    const float lowest_code = format.type == VectorType::Int8 ? -128.0F : 0.0F;
    return {scale, min + (0.5F - lowest_code) * scale};
}

double length_of(const std::vector<float>& values) {
    double squares = 0;
    for (const float value : values) squares += static_cast<double>(value) * value;
    return std::sqrt(squares);
}

// Lengths whose squares, as a sum of float32, have kept all their digits.
constexpr float kShortest = 1e-15F;
constexpr float kLongest = 1e18F;

// To a length between 0.5 and 1, so that products with rows stay within float32. By a power of two: no digit changes.
void scale_to_one(std::vector<float>& values) {
    const double length = length_of(values);
    if (!(length > 0) || std::isinf(length)) return;
    int exponent = 0;
    std::frexp(length, &exponent);
    for (float& value : values) value = std::ldexp(value, -exponent);
}

KernelVersion best_version() {
    static const KernelVersion best = kernel_versions().back();
    return best;
}

RowOperation operation(Metric metric) {
    if (metric == Metric::Hamming) return RowOperation::Hamming;
    return metric == Metric::Euclidean ? RowOperation::SquaredDistance : RowOperation::Dot;
}

}  // namespace

Metric metric(const std::string& name) {
    if (name == "dot") return Metric::Dot;
    if (name == "cosine") return Metric::Cosine;
    if (name == "euclidean") return Metric::Euclidean;
    if (name == "hamming") return Metric::Hamming;
    throw Error(ErrorCode::InvalidArgument,
                "Expected dot, cosine, euclidean or hamming for the metric, received '" + name + "'.");
}

void RowFormat::check() const {
    if (dimensions == 0) throw Error(ErrorCode::InvalidArgument, "Expected at least 1 dimension.");
    if (is_bits(type) != (metric == Metric::Hamming)) {
        throw Error(ErrorCode::InvalidArgument,
                    "Vectors of packed bits are compared by the Hamming distance, and no others are.");
    }
    if (ranges.empty()) return;
    if (!needs_ranges(type)) throw Error(ErrorCode::InvalidArgument, "Only int8 and uint8 vectors have ranges.");
    if (ranges.size() != 2 * dimensions) {
        throw Error(ErrorCode::InvalidArgument, "Expected " + std::to_string(2 * dimensions) +
                                                    " ends of ranges, received " + std::to_string(ranges.size()) + ".");
    }
}

SearchQuery::SearchQuery(const RowFormat& format, VectorType type, const void* vector)
    : m_format(format), m_version(best_version()), m_operation(operation(format.metric)) {
    m_query.dimensions = format.dimensions;
    const bool same = type == format.type || (is_bits(type) && is_bits(format.type));
    if (!same && type != VectorType::Float32) {
        throw Error(ErrorCode::InvalidArgument, "Expected queries of float32 or of the type that the index holds.");
    }
    const bool codes = type == format.type && needs_ranges(type);
    if (is_bits(format.type)) {
        compare_bits(type, static_cast<const uint8_t*>(vector));
    } else if (codes && format.ranges.empty()) {
        compare_codes(static_cast<const uint8_t*>(vector));
    } else {
        std::vector<float> values(format.dimensions);
        dequantize(vector, {1, format.dimensions}, type, codes ? format.ranges.data() : nullptr, values.data());
        compare_values(std::move(values));
    }
}

void SearchQuery::compare_bits(VectorType type, const uint8_t* vector) {
    m_query.codes.resize(m_format.row_bytes());
    if (type == VectorType::Float32) {
        return quantize(reinterpret_cast<const float*>(vector), {1, m_format.dimensions}, m_format.type, nullptr,
                        m_query.codes.data());
    }
    // Binary is ubinary less 128: the highest bit turned over.
    const uint8_t turned = type == m_format.type ? 0 : 0x80;
    for (size_t i = 0; i < m_query.codes.size(); ++i) m_query.codes[i] = static_cast<uint8_t>(vector[i] ^ turned);
}

void SearchQuery::compare_codes(const uint8_t* vector) {
    m_query.codes.assign(vector, vector + m_format.dimensions);
    double squares = 0;
    for (const uint8_t code : m_query.codes) {
        const double value = m_format.type == VectorType::Int8 ? static_cast<int8_t>(code) : code;
        squares += value * value;
    }
    m_norm = std::sqrt(squares);
}

void SearchQuery::compare_values(std::vector<float> values) {
    if (m_format.metric == Metric::Cosine) scale_to_one(values);
    m_norm = length_of(values);
    m_query.values = std::move(values);
    if (!m_format.ranges.empty()) apply_ranges();
}

// What codes stand for is taken into the query, so that the rows can be read as they are.
void SearchQuery::apply_ranges() {
    const bool distance = m_operation == RowOperation::SquaredDistance;
    if (distance) m_query.scales.resize(m_format.dimensions);
    for (size_t d = 0; d < m_format.dimensions; ++d) {
        const auto [scale, offset] = decoding(m_format, d);
        float& value = m_query.values[d];
        if (distance) {
            value -= offset;
            m_query.scales[d] = scale;
        } else {
            m_bias += static_cast<double>(value) * offset;
            value *= scale;
        }
    }
}

void SearchQuery::score(const void* rows, const float* norms, size_t count, float* keys) const {
    run_kernel(m_version, m_operation, m_query, m_format.type, rows, count, keys);
    switch (m_format.metric) {
        case Metric::Dot:
            // 0 added to -0 is 0: what compares as equal must look equal.
            for (size_t i = 0; i < count; ++i) keys[i] = static_cast<float>(keys[i] + m_bias);
            return;
        case Metric::Cosine:
            for (size_t i = 0; i < count; ++i) {
                const double length = m_norm * norms[i];
                keys[i] = length == 0 ? 0.0F : static_cast<float>((keys[i] + m_bias) / length);
            }
            return;
        case Metric::Euclidean:
            for (size_t i = 0; i < count; ++i) keys[i] = -std::sqrt(keys[i]);
            return;
        case Metric::Hamming:
            for (size_t i = 0; i < count; ++i) keys[i] = -keys[i];
            return;
    }
}

void row_norms(const RowFormat& format, const void* rows, size_t count, float* norms) {
    const RowFormat distances{format.type, format.dimensions, Metric::Euclidean, format.ranges};
    const std::vector<float> origin(format.dimensions);
    SearchQuery(distances, VectorType::Float32, origin.data()).score(rows, nullptr, count, norms);
    std::vector<float> values;
    for (size_t i = 0; i < count; ++i) {
        norms[i] = -norms[i];
        if (norms[i] > kShortest && norms[i] < kLongest) continue;
        values.resize(format.dimensions);
        const float* ranges = format.ranges.empty() ? nullptr : format.ranges.data();
        const auto* row = static_cast<const std::byte*>(rows) + i * format.row_bytes();
        if (needs_ranges(format.type) && ranges == nullptr) continue;  // a sum of whole numbers
        dequantize(row, {1, format.dimensions}, format.type, ranges, values.data());
        norms[i] = static_cast<float>(length_of(values));
    }
}

}  // namespace ovembed
