#include "core/vectors/element_type.h"

#include "core/error.h"

namespace ovembed {

ElementType element_type(const std::string& name) {
    if (name == "float32") return ElementType::Float32;
    if (name == "float16") return ElementType::Float16;
    if (name == "bfloat16") return ElementType::BFloat16;
    if (name == "int8") return ElementType::Int8;
    if (name == "uint8") return ElementType::UInt8;
    if (name == "binary") return ElementType::Binary;
    if (name == "ubinary") return ElementType::UBinary;
    throw Error(ErrorCode::InvalidArgument,
                "Expected float32, float16, bfloat16, int8, uint8, binary or ubinary for the element type, received '" +
                    name + "'.");
}

size_t element_bytes(ElementType type) {
    switch (type) {
        case ElementType::Float32:
            return 4;
        case ElementType::Float16:
        case ElementType::BFloat16:
            return 2;
        case ElementType::Int8:
        case ElementType::UInt8:
        case ElementType::Binary:
        case ElementType::UBinary:
            return 1;
    }
    return 0;
}

size_t elements_per_row(ElementType type, size_t dimensions) {
    const bool packed = type == ElementType::Binary || type == ElementType::UBinary;
    return packed ? (dimensions + 7) / 8 : dimensions;
}

}  // namespace ovembed
