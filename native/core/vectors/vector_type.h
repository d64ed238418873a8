// Element types of embeddings, as sentence-transformers names them (and lib/vectors/dtype.ts).
#pragma once

#include <cstddef>
#include <string>

namespace ovembed {

enum class VectorType { Float32, Float16, BFloat16, Int8, UInt8, Binary, UBinary };

// Throws Error(InvalidArgument) for a name that is none.
VectorType vector_type(const std::string& name);

// Bytes of one element of the array that holds the vectors.
size_t element_bytes(VectorType type);

// Elements of that array that a vector takes: an eighth of its dimensions, rounded up, where bits are packed.
size_t elements_per_row(VectorType type, size_t dimensions);

// Whether a value's step depends on the ends of its dimension.
inline bool needs_ranges(VectorType type) { return type == VectorType::Int8 || type == VectorType::UInt8; }

}  // namespace ovembed
