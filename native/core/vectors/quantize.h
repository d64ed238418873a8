// Embeddings in other element types, row by row, with the semantics of sentence-transformers' quantize_embeddings
// (sentence_transformers/util/quantization.py, 6.x). All arrays are row-major; none may overlap.
#pragma once

#include "core/vectors/vector_type.h"

namespace ovembed {

struct Matrix {
    size_t rows;
    size_t dimensions;
};

// From f32.
//
// int8, uint8: floor((value - min) / ((max - min) / 255)), cut to 0…255, for int8 less 128; where min = max the divisor
// is
// 1. NaN, for which NumPy's result is undefined, is the lowest step.
// binary, ubinary: a bit is set where the value is above 0; the first dimension is the highest bit of the first byte,
// bits beyond the last dimension are 0; binary is the byte less 128. float16, bfloat16: to the nearest, ties to even.
//
// `ranges`: 2 × dimensions values, all min before all max; null where the type needs none.
void quantize(const float* vectors, Matrix size, VectorType type, const float* ranges, void* out);

// Back to f32.
//
// int8, uint8: the middle of the step, so within the ranges no more than half a step from what was quantised; where
// min = max, that value.
// binary, ubinary: 1 where the bit is set, else -1.
void dequantize(const void* vectors, Matrix size, VectorType type, const float* ranges, float* out);

}  // namespace ovembed
