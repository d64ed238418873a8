// The 16-bit floating-point types, and f32 itself, as f32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <openvino/core/type/bfloat16.hpp>
#include <openvino/core/type/float16.hpp>

namespace ovembed {

template <typename T>
float widen(T value) {
    return static_cast<float>(value);
}

// bf16 is the upper half of an f32; written out because the compiler vectorises this and not the library's class.
template <>
inline float widen(ov::bfloat16 value) {
    const uint32_t bits = static_cast<uint32_t>(value.to_bits()) << 16;
    float wide;
    std::memcpy(&wide, &bits, sizeof wide);
    return wide;
}

template <typename T>
void widen_to(const T* from, size_t count, float* to) {
    for (size_t i = 0; i < count; ++i) to[i] = widen(from[i]);
}

}  // namespace ovembed
