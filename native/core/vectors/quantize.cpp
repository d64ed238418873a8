#include "core/vectors/quantize.h"

#include <algorithm>
#include <vector>

#include "core/vectors/half.h"
#include "core/vectors/inlined.h"

namespace ovembed {
namespace {

// Where each dimension's steps begin, and how wide they are.
struct Steps {
    const float* starts = nullptr;
    std::vector<float> widths;

    Steps(const float* ranges, size_t dimensions) {
        if (ranges == nullptr) return;
        starts = ranges;
        widths.resize(dimensions);
        for (size_t d = 0; d < dimensions; ++d) widths[d] = (ranges[dimensions + d] - ranges[d]) / 255;
    }
};

// sentence-transformers' own answer to a dimension that is always the same.
void make_divisors(std::vector<float>& widths) { std::replace(widths.begin(), widths.end(), 0.0F, 1.0F); }

// `offset` makes int8 of uint8. Cut before it is truncated: for what is left that is floor, and NaN is 0.
template <typename T, int offset>
OVEMBED_INLINED void to_steps(const float* OVEMBED_RESTRICT values, const Steps& steps, size_t count,
                              T* OVEMBED_RESTRICT out) {
    const float* OVEMBED_RESTRICT starts = steps.starts;
    const float* OVEMBED_RESTRICT widths = steps.widths.data();
    for (size_t d = 0; d < count; ++d) {
        float step = (values[d] - starts[d]) / widths[d];
        step = step > 0 ? step : 0;
        step = step < 255 ? step : 255;
        out[d] = static_cast<T>(static_cast<int32_t>(step) - offset);
    }
}

template <typename T, int offset>
OVEMBED_INLINED void from_steps(const T* OVEMBED_RESTRICT values, const Steps& steps, size_t count,
                                float* OVEMBED_RESTRICT out) {
    const float* OVEMBED_RESTRICT starts = steps.starts;
    const float* OVEMBED_RESTRICT widths = steps.widths.data();
    for (size_t d = 0; d < count; ++d) {
        const float step = static_cast<float>(static_cast<int32_t>(values[d]) + offset) + 0.5F;
        out[d] = starts[d] + step * widths[d];
    }
}

// Less 128 is the same as the highest bit turned over.
constexpr uint8_t kBinaryOffset = 0x80;

template <uint8_t offset>
OVEMBED_INLINED void to_bits(const float* OVEMBED_RESTRICT values, size_t count, uint8_t* OVEMBED_RESTRICT out) {
    const size_t whole = count / 8;
    for (size_t byte = 0; byte < whole; ++byte) {
        uint32_t bits = 0;
        for (size_t i = 0; i < 8; ++i) bits |= static_cast<uint32_t>(values[8 * byte + i] > 0) << (7 - i);
        out[byte] = static_cast<uint8_t>(bits) ^ offset;
    }
    if (count % 8 == 0) return;
    uint32_t bits = 0;
    for (size_t i = 0; i < count % 8; ++i) bits |= static_cast<uint32_t>(values[8 * whole + i] > 0) << (7 - i);
    out[whole] = static_cast<uint8_t>(bits) ^ offset;
}

template <uint8_t offset>
OVEMBED_INLINED void from_bits(const uint8_t* OVEMBED_RESTRICT bytes, size_t count, float* OVEMBED_RESTRICT out) {
    for (size_t d = 0; d < count; ++d) {
        const int byte = bytes[d / 8] ^ offset;
        out[d] = static_cast<float>(((byte >> (7 - d % 8)) & 1) * 2 - 1);
    }
}

OVEMBED_INLINED void to_bfloat16s(const float* OVEMBED_RESTRICT values, size_t count, uint16_t* OVEMBED_RESTRICT out) {
    for (size_t i = 0; i < count; ++i) out[i] = to_bfloat16(values[i]);
}

OVEMBED_INLINED void from_bfloat16s(const uint16_t* OVEMBED_RESTRICT halves, size_t count,
                                    float* OVEMBED_RESTRICT out) {
    for (size_t i = 0; i < count; ++i) out[i] = from_bfloat16(halves[i]);
}

OVEMBED_INLINED void to_float16s(const float* OVEMBED_RESTRICT values, size_t count, uint16_t* OVEMBED_RESTRICT out) {
    for (size_t i = 0; i < count; ++i) out[i] = to_float16(values[i]);
}

OVEMBED_INLINED void from_float16s(const uint16_t* OVEMBED_RESTRICT halves, size_t count, float* OVEMBED_RESTRICT out) {
    for (size_t i = 0; i < count; ++i) out[i] = from_float16(halves[i]);
}

OVEMBED_INLINED void quantize_rows(const float* vectors, Matrix size, VectorType type, const Steps& steps, void* out) {
    const auto [rows, dimensions] = size;
    const size_t count = rows * dimensions;
    const size_t width = elements_per_row(type, dimensions);
    switch (type) {
        case VectorType::Float32:
            std::copy_n(vectors, count, static_cast<float*>(out));
            return;
        case VectorType::Float16:
            return to_float16s(vectors, count, static_cast<uint16_t*>(out));
        case VectorType::BFloat16:
            return to_bfloat16s(vectors, count, static_cast<uint16_t*>(out));
        case VectorType::Int8:
            for (size_t row = 0; row < rows; ++row)
                to_steps<int8_t, 128>(vectors + row * dimensions, steps, dimensions,
                                      static_cast<int8_t*>(out) + row * width);
            return;
        case VectorType::UInt8:
            for (size_t row = 0; row < rows; ++row)
                to_steps<uint8_t, 0>(vectors + row * dimensions, steps, dimensions,
                                     static_cast<uint8_t*>(out) + row * width);
            return;
        case VectorType::Binary:
            for (size_t row = 0; row < rows; ++row)
                to_bits<kBinaryOffset>(vectors + row * dimensions, dimensions,
                                       static_cast<uint8_t*>(out) + row * width);
            return;
        case VectorType::UBinary:
            for (size_t row = 0; row < rows; ++row)
                to_bits<0>(vectors + row * dimensions, dimensions, static_cast<uint8_t*>(out) + row * width);
            return;
    }
}

OVEMBED_INLINED void dequantize_rows(const void* vectors, Matrix size, VectorType type, const Steps& steps,
                                     float* out) {
    const auto [rows, dimensions] = size;
    const size_t count = rows * dimensions;
    const size_t width = elements_per_row(type, dimensions);
    switch (type) {
        case VectorType::Float32:
            std::copy_n(static_cast<const float*>(vectors), count, out);
            return;
        case VectorType::Float16:
            return from_float16s(static_cast<const uint16_t*>(vectors), count, out);
        case VectorType::BFloat16:
            return from_bfloat16s(static_cast<const uint16_t*>(vectors), count, out);
        case VectorType::Int8:
            for (size_t row = 0; row < rows; ++row)
                from_steps<int8_t, 128>(static_cast<const int8_t*>(vectors) + row * width, steps, dimensions,
                                        out + row * dimensions);
            return;
        case VectorType::UInt8:
            for (size_t row = 0; row < rows; ++row)
                from_steps<uint8_t, 0>(static_cast<const uint8_t*>(vectors) + row * width, steps, dimensions,
                                       out + row * dimensions);
            return;
        case VectorType::Binary:
            for (size_t row = 0; row < rows; ++row)
                from_bits<kBinaryOffset>(static_cast<const uint8_t*>(vectors) + row * width, dimensions,
                                         out + row * dimensions);
            return;
        case VectorType::UBinary:
            for (size_t row = 0; row < rows; ++row)
                from_bits<0>(static_cast<const uint8_t*>(vectors) + row * width, dimensions, out + row * dimensions);
            return;
    }
}

#if OVEMBED_HAS_AVX2_VERSION
OVEMBED_AVX2 void quantize_avx2(const float* vectors, Matrix size, VectorType type, const Steps& steps, void* out) {
    quantize_rows(vectors, size, type, steps, out);
}

OVEMBED_AVX2 void dequantize_avx2(const void* vectors, Matrix size, VectorType type, const Steps& steps, float* out) {
    dequantize_rows(vectors, size, type, steps, out);
}

bool has_avx2() {
    static const bool has = __builtin_cpu_supports("avx2") != 0;
    return has;
}
#endif

}  // namespace

void quantize(const float* vectors, Matrix size, VectorType type, const float* ranges, void* out) {
    Steps steps(ranges, size.dimensions);
    make_divisors(steps.widths);
#if OVEMBED_HAS_AVX2_VERSION
    if (has_avx2()) return quantize_avx2(vectors, size, type, steps, out);
#endif
    quantize_rows(vectors, size, type, steps, out);
}

void dequantize(const void* vectors, Matrix size, VectorType type, const float* ranges, float* out) {
    const Steps steps(ranges, size.dimensions);
#if OVEMBED_HAS_AVX2_VERSION
    if (has_avx2()) return dequantize_avx2(vectors, size, type, steps, out);
#endif
    dequantize_rows(vectors, size, type, steps, out);
}

}  // namespace ovembed
