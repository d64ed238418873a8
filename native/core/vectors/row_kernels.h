// One vector against many rows: the loops that a search spends its time in.
//
// Plain loops of our own rather than a library's: neither SimSIMD nor usearch has float32 against 8-bit codes with a
// scale per dimension, which rescoring needs, and their sums have as many parts as the CPU's registers have lanes, so
// that last bits differ between CPUs. There is little speed to be had, as a scan waits for memory. 1,000,000 × 384 on
// one thread of a CPU with AVX-512, ours (AVX2) beside SimSIMD 6.5: float32 75 and 81 ms, bits 3.2 and 2.9 ms, int8
// codes 24 and 13 ms. The same loops compiled for AVX-512: 79, 3.3 and 23 ms, so there is no such version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/vectors/vector_type.h"

namespace ovembed {

// What is computed of each row. SquaredDistance with float32 against codes is of `scales[d] * code`.
enum class RowOperation { Dot, SquaredDistance, Hamming };

// The vector that rows are compared with. Either `values` are set, for rows of any type but bits, or `codes`, for rows
// of the same type.
struct KernelQuery {
    size_t dimensions = 0;
    std::vector<float> values;
    std::vector<float> scales;  // with SquaredDistance of `values` against 8-bit rows, one per dimension
    std::vector<uint8_t> codes;
};

// The versions of the loops. All give the same bits: each float32 sum has 32 parts, whatever the width of a register.
enum class KernelVersion { Portable, Avx2 };

// Those that this CPU runs; the best is the last.
std::vector<KernelVersion> kernel_versions();

// `results[i]` of the `count` rows that lie one after another from `rows` on. Sums of float32 are float32, those of
// codes against codes are exact until they are made a float32.
void run_kernel(KernelVersion version, RowOperation operation, const KernelQuery& query, VectorType type,
                const void* rows, size_t count, float* results);

}  // namespace ovembed
