// From token vectors to one vector per text, as sentence-transformers' Pooling and Normalize modules do it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ovembed {

// The six modes of sentence_transformers.models.Pooling.
enum class PoolingType { Cls, Mean, Max, MeanSqrtLen, WeightedMean, LastToken };

// Throws InvalidArgument for a name that is none of CLS, MEAN, MAX, MEAN_SQRT_LEN, WEIGHTED_MEAN, LAST_TOKEN.
PoolingType pooling_type(const std::string& name);

// Element type of the hidden states as they leave the graph.
enum class HiddenType { F32, BF16, F16 };

// Hidden states of one batch: [rows, width, hidden], row-major.
struct HiddenStates {
    const void* data;
    HiddenType type;
    size_t width;   // padded tokens per row
    size_t hidden;  // vector width
};

// Where a row's real tokens are within its padded width.
struct RowSpan {
    size_t begin;
    size_t length;
    size_t prompt = 0;  // so many tokens at the row's beginning take no part in pooling
};

// Pools `span` of `row` into `out[0 .. hidden)`. Sums are kept in f64, the result is f32. A row without tokens gives
// zeros (sentence-transformers divides by max(count, 1e-9), with the same result). Without its prompt, a row keeps the
// positions' weights of WeightedMean; where nothing but prompt is left, Cls takes the row's first token and the others
// give zeros (so does sentence-transformers, but for Max, where it gives -inf).
void pool_row(const HiddenStates& states, size_t row, RowSpan span, PoolingType type, std::vector<double>& sums,
              float* out);

// Copies the row's real token vectors, converted to f32, to out[length × hidden].
void copy_token_vectors(const HiddenStates& states, size_t row, RowSpan span, float* out);

// Scales to unit length (norm in f64, floor 1e-12 as torch.nn.functional.normalize): a zero vector stays zero.
void normalize(float* vector, size_t width);

bool all_finite(const float* values, size_t count);

}  // namespace ovembed
