#include "core/vectors/row_kernels.h"

#include <cstring>

#include "core/vectors/half.h"
#include "core/vectors/inlined.h"

#if OVEMBED_HAS_AVX2_VERSION
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace ovembed {
namespace {

constexpr size_t kLanes = 32;

// How an element becomes float32.
struct Number {
    template <typename T>
    OVEMBED_INLINED static float of(T element) {
        return static_cast<float>(element);
    }
};

struct BrainHalf {
    OVEMBED_INLINED static float of(uint16_t bits) { return from_bfloat16(bits); }
};

// Terms of a sum over dimensions: of a query's value and a row's element.
struct DotTerm {
    const float* values;
    OVEMBED_INLINED float operator()(size_t d, float element) const { return values[d] * element; }
};

struct SquareTerm {
    const float* values;
    OVEMBED_INLINED float operator()(size_t d, float element) const {
        const float difference = values[d] - element;
        return difference * difference;
    }
};

struct ScaledSquareTerm {
    const float* values;
    const float* scales;
    OVEMBED_INLINED float operator()(size_t d, float element) const {
        const float difference = values[d] - scales[d] * element;
        return difference * difference;
    }
};

// Of `count` elements of a row, the first of which is that of dimension `first`, a multiple of kLanes.
template <typename Widen, typename T, typename Term>
OVEMBED_INLINED void add_terms(const T* elements, size_t first, size_t count, const Term& term, float* lanes) {
    size_t d = 0;
    for (; d + kLanes <= count; d += kLanes) {
        for (size_t lane = 0; lane < kLanes; ++lane)
            lanes[lane] += term(first + d + lane, Widen::of(elements[d + lane]));
    }
    for (size_t lane = 0; d + lane < count; ++lane)
        lanes[lane] += term(first + d + lane, Widen::of(elements[d + lane]));
}

OVEMBED_INLINED float sum_lanes(float* lanes) {
    for (size_t half = kLanes / 2; half > 0; half /= 2) {
        for (size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    }
    return lanes[0];
}

// The sum has kLanes parts, which are added up in a fixed order.
template <typename Widen, typename T, typename Term>
OVEMBED_INLINED float sum_row(const T* row, size_t dimensions, const Term& term) {
    float lanes[kLanes];
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = 0;
    add_terms<Widen>(row, 0, dimensions, term, lanes);
    return sum_lanes(lanes);
}

struct Rows {
    const void* data;
    size_t count;
    size_t dimensions;
};

template <typename Widen, typename T, typename Term>
OVEMBED_INLINED void sum_rows(const Rows& rows, const Term& term, float* results) {
    const auto* row = static_cast<const T*>(rows.data);
    for (size_t i = 0; i < rows.count; ++i)
        results[i] = sum_row<Widen>(row + i * rows.dimensions, rows.dimensions, term);
}

// The one element type whose version for AVX2 is written out: no compiler makes the processor's own conversion of a
// loop.
using WidenFloat16 = void (*)(const uint16_t* halves, size_t count, float* out);

void widen_float16(const uint16_t* halves, size_t count, float* out) {
    for (size_t i = 0; i < count; ++i) out[i] = from_float16(halves[i]);
}

#if OVEMBED_HAS_AVX2_VERSION
__attribute__((target("avx2,f16c"))) void widen_float16_avx2(const uint16_t* halves, size_t count, float* out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves + i));
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(eight));
    }
    widen_float16(halves + i, count - i, out + i);
}
#endif

template <typename Term>
OVEMBED_INLINED void sum_float16_rows(const Rows& rows, WidenFloat16 widen, const Term& term, float* results) {
    constexpr size_t kPart = 16 * kLanes;
    float part[kPart];
    const auto* row = static_cast<const uint16_t*>(rows.data);
    for (size_t i = 0; i < rows.count; ++i, row += rows.dimensions) {
        float lanes[kLanes];
        for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = 0;
        for (size_t first = 0; first < rows.dimensions; first += kPart) {
            const size_t count = rows.dimensions - first < kPart ? rows.dimensions - first : kPart;
            widen(row + first, count, part);
            add_terms<Number>(static_cast<const float*>(part), first, count, term, lanes);
        }
        results[i] = sum_lanes(lanes);
    }
}

// So many products of 8-bit codes are sure to fit an int32.
constexpr size_t kExactCodes = 16'384;

struct CodeProduct {
    OVEMBED_INLINED static int32_t of(int32_t a, int32_t b) { return a * b; }
};

struct CodeSquare {
    OVEMBED_INLINED static int32_t of(int32_t a, int32_t b) { return (a - b) * (a - b); }
};

template <typename Operation, typename T>
OVEMBED_INLINED void sum_codes(const Rows& rows, const uint8_t* query, float* results) {
    const T* OVEMBED_RESTRICT codes = reinterpret_cast<const T*>(query);
    for (size_t i = 0; i < rows.count; ++i) {
        const T* OVEMBED_RESTRICT row = static_cast<const T*>(rows.data) + i * rows.dimensions;
        int64_t sum = 0;
        for (size_t first = 0; first < rows.dimensions; first += kExactCodes) {
            const size_t end = rows.dimensions - first < kExactCodes ? rows.dimensions : first + kExactCodes;
            int32_t part = 0;
            for (size_t d = first; d < end; ++d) part += Operation::of(codes[d], row[d]);
            sum += part;
        }
        results[i] = static_cast<float>(sum);
    }
}

OVEMBED_INLINED uint32_t ones(uint64_t bits) {
#if defined(__GNUC__)
    return static_cast<uint32_t>(__builtin_popcountll(bits));
#else
    bits -= (bits >> 1) & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + ((bits >> 2) & 0x3333333333333333);
    return static_cast<uint32_t>((((bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F) * 0x0101010101010101) >> 56);
#endif
}

OVEMBED_INLINED void count_bits(const Rows& rows, const uint8_t* query, float* results) {
    const size_t bytes = (rows.dimensions + 7) / 8;
    const auto* row = static_cast<const uint8_t*>(rows.data);
    for (size_t i = 0; i < rows.count; ++i, row += bytes) {
        uint32_t different = 0;
        size_t byte = 0;
        for (; byte + sizeof(uint64_t) <= bytes; byte += sizeof(uint64_t)) {
            uint64_t a;
            uint64_t b;
            std::memcpy(&a, query + byte, sizeof a);
            std::memcpy(&b, row + byte, sizeof b);
            different += ones(a ^ b);
        }
        for (; byte < bytes; ++byte) different += ones(query[byte] ^ row[byte]);
        results[i] = static_cast<float>(different);
    }
}

template <typename Term>
OVEMBED_INLINED void sum_rows_of(VectorType type, const Rows& rows, WidenFloat16 widen, const Term& term,
                                 float* results) {
    switch (type) {
        case VectorType::Float32:
            return sum_rows<Number, float>(rows, term, results);
        case VectorType::Float16:
            return sum_float16_rows(rows, widen, term, results);
        case VectorType::BFloat16:
            return sum_rows<BrainHalf, uint16_t>(rows, term, results);
        case VectorType::Int8:
            return sum_rows<Number, int8_t>(rows, term, results);
        case VectorType::UInt8:
            return sum_rows<Number, uint8_t>(rows, term, results);
        case VectorType::Binary:
        case VectorType::UBinary:
            return;
    }
}

template <typename Operation>
OVEMBED_INLINED void sum_codes_of(VectorType type, const Rows& rows, const uint8_t* query, float* results) {
    if (type == VectorType::Int8) return sum_codes<Operation, int8_t>(rows, query, results);
    return sum_codes<Operation, uint8_t>(rows, query, results);
}

OVEMBED_INLINED void run(RowOperation operation, const KernelQuery& query, VectorType type, const Rows& rows,
                         WidenFloat16 widen, float* results) {
    const float* values = query.values.data();
    const uint8_t* codes = query.codes.data();
    const bool exact = query.values.empty();
    switch (operation) {
        case RowOperation::Hamming:
            return count_bits(rows, codes, results);
        case RowOperation::Dot:
            if (exact) return sum_codes_of<CodeProduct>(type, rows, codes, results);
            return sum_rows_of(type, rows, widen, DotTerm{values}, results);
        case RowOperation::SquaredDistance:
            if (exact) return sum_codes_of<CodeSquare>(type, rows, codes, results);
            if (query.scales.empty()) return sum_rows_of(type, rows, widen, SquareTerm{values}, results);
            return sum_rows_of(type, rows, widen, ScaledSquareTerm{values, query.scales.data()}, results);
    }
}

#if OVEMBED_HAS_AVX2_VERSION
__attribute__((target("avx2,popcnt"))) void run_avx2(RowOperation operation, const KernelQuery& query, VectorType type,
                                                     const Rows& rows, float* results) {
    run(operation, query, type, rows, widen_float16_avx2, results);
}

// CPUID leaf 1, register ECX, bit 29. GCC's __builtin_cpu_supports knows the name from version 11 on.
bool has_f16c() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

}  // namespace

std::vector<KernelVersion> kernel_versions() {
    std::vector<KernelVersion> versions{KernelVersion::Portable};
#if OVEMBED_HAS_AVX2_VERSION
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
    if (avx2 && has_f16c()) versions.push_back(KernelVersion::Avx2);
#endif
    return versions;
}

void run_kernel(KernelVersion version, RowOperation operation, const KernelQuery& query, VectorType type,
                const void* rows, size_t count, float* results) {
    const Rows all{rows, count, query.dimensions};
#if OVEMBED_HAS_AVX2_VERSION
    if (version == KernelVersion::Avx2) return run_avx2(operation, query, type, all, results);
#endif
    (void)version;
    run(operation, query, type, all, widen_float16, results);
}

}  // namespace ovembed
