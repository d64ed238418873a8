// A vector that is searched for, made ready once for all rows.
#pragma once

#include <string>
#include <vector>

#include "core/vectors/row_kernels.h"

namespace ovembed {

enum class Metric { Dot, Cosine, Euclidean, Hamming };

// Throws Error(InvalidArgument) for a name that is none.
Metric metric(const std::string& name);

// Whether a lower score is better.
inline bool is_distance(Metric metric) { return metric == Metric::Euclidean || metric == Metric::Hamming; }

// What the rows of an index are, and how they are compared.
struct RowFormat {
    VectorType type = VectorType::Float32;
    size_t dimensions = 0;
    Metric metric = Metric::Dot;
    // Of 8-bit codes: all min, then all max, as quantize() has them. Empty: codes are taken as the numbers they are.
    std::vector<float> ranges;

    // Throws Error(InvalidArgument) unless the parts fit one another: Hamming goes with bits and nothing else does.
    void check() const;
    size_t row_bytes() const { return elements_per_row(type, dimensions) * element_bytes(type); }
};

class SearchQuery {
public:
    // `vector` is float32 or of the rows' own type (either kind of bits where rows are bits). float32 is compared with
    // what 8-bit codes stand for, given their ranges, and made bits where rows are bits. Without ranges codes are
    // compared with codes exactly. Throws Error(InvalidArgument) for another type.
    SearchQuery(const RowFormat& format, VectorType type, const void* vector);

    // Vectors of length 0 have a cosine of 0 with everything. `norms`, of the rows, are read for cosines only. Cosines
    // keep their digits for rows of lengths from about 1e-30 to the largest float32, 3.4e38, and queries of any.
    void score(const void* rows, const float* norms, size_t count, float* keys) const;

private:
    void compare_bits(VectorType type, const uint8_t* vector);
    void compare_codes(const uint8_t* vector);
    void compare_values(std::vector<float> values);
    void apply_ranges();

    const RowFormat& m_format;
    KernelVersion m_version;
    RowOperation m_operation;
    KernelQuery m_query;
    double m_bias = 0;  // of a dot product, from where the codes' ranges begin
    double m_norm = 0;
};

// Lengths of rows, as score() wants them.
void row_norms(const RowFormat& format, const void* rows, size_t count, float* norms);

}  // namespace ovembed
