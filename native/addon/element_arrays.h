// Typed arrays that hold vectors.
#pragma once

#include <string>

#include "addon/napi_setup.h"
#include "core/vectors/vector_type.h"

namespace ovembed {

inline napi_typedarray_type array_type(VectorType type) {
    switch (type) {
        case VectorType::Float32:
            return napi_float32_array;
        case VectorType::Float16:
        case VectorType::BFloat16:
            return napi_uint16_array;
        case VectorType::Int8:
        case VectorType::Binary:
            return napi_int8_array;
        case VectorType::UInt8:
        case VectorType::UBinary:
            return napi_uint8_array;
    }
    return napi_float32_array;
}

// Memory of JavaScript: to be used before anything of JavaScript runs again.
struct Elements {
    void* data;
    size_t count;
};

// Where the elements of a typed array are. Memory that was detached has none.
inline Elements elements_of(const Napi::Value& value, VectorType type, const char* name) {
    const auto env = value.Env();
    napi_typedarray_type found{};
    Elements elements{nullptr, 0};
    const bool is_array = value.IsTypedArray() && napi_get_typedarray_info(env, value, &found, &elements.count,
                                                                           &elements.data, nullptr, nullptr) == napi_ok;
    if (!is_array || found != array_type(type)) {
        throw Napi::TypeError::New(env, std::string("Expected a typed array of the element type for ") + name + ".");
    }
    if (elements.data == nullptr) elements.count = 0;
    return elements;
}

}  // namespace ovembed
