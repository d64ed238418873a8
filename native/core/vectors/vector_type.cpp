#include "core/vectors/vector_type.h"

#include "core/error.h"

namespace ovembed {

VectorType vector_type(const std::string& name) {
    if (name == "float32") return VectorType::Float32;
    if (name == "float16") return VectorType::Float16;
    if (name == "bfloat16") return VectorType::BFloat16;
    if (name == "int8") return VectorType::Int8;
    if (name == "uint8") return VectorType::UInt8;
    if (name == "binary") return VectorType::Binary;
    if (name == "ubinary") return VectorType::UBinary;
    throw Error(ErrorCode::InvalidArgument,
                "Expected float32, float16, bfloat16, int8, uint8, binary or ubinary for the element type, received '" +
                    name + "'.");
}

size_t element_bytes(VectorType type) {
    switch (type) {
        case VectorType::Float32:
            return 4;
        case VectorType::Float16:
        case VectorType::BFloat16:
            return 2;
        case VectorType::Int8:
        case VectorType::UInt8:
        case VectorType::Binary:
        case VectorType::UBinary:
            return 1;
    }
    return 0;
}

size_t elements_per_row(VectorType type, size_t dimensions) {
    const bool packed = type == VectorType::Binary || type == VectorType::UBinary;
    return packed ? (dimensions + 7) / 8 : dimensions;
}

}  // namespace ovembed
