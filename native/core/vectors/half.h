// IEEE 754 binary16 and bfloat16 as bits, to and from f32. Without branches, so that compilers vectorise loops over
// them.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/vectors/inlined.h"

namespace ovembed {

OVEMBED_INLINED uint32_t bits_of(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

OVEMBED_INLINED float float_of(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

constexpr uint32_t kInfinityBits = 0x7F800000;

// To the nearest, ties to even; beyond the largest finite value infinity; NaN stays NaN.
OVEMBED_INLINED uint16_t to_float16(float value) {
    constexpr uint32_t kBias = (127 - 15) << 23;
    constexpr uint32_t kSmallestNormal = 0x38800000;  // 2^-14
    constexpr uint32_t kOverflow = 0x477FF000;        // 65,520: the first that rounds to 65,536
    const uint32_t bits = bits_of(value);
    const uint32_t magnitude = bits & 0x7FFFFFFF;
    const uint32_t normal = (magnitude - kBias + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
    // The last bit of 0.5 is worth 2^-24, that of a subnormal binary16: the addition rounds there.
    const uint32_t subnormal = bits_of(float_of(magnitude) + 0.5F) - bits_of(0.5F);
    const uint32_t nan = 0x7E00 | ((magnitude >> 13) & 0x3FF);
    uint32_t result = magnitude < kSmallestNormal ? subnormal : normal;
    result = magnitude >= kOverflow ? 0x7C00 : result;
    result = magnitude > kInfinityBits ? nan : result;
    return static_cast<uint16_t>(result | ((bits >> 16) & 0x8000));
}

OVEMBED_INLINED float from_float16(uint16_t half) {
    constexpr uint32_t kBias = (127 - 15) << 23;
    const uint32_t magnitude = half & 0x7FFF;
    const uint32_t normal = (magnitude << 13) + kBias;
    const uint32_t special = normal + kBias;
    const uint32_t subnormal = bits_of(static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24F);
    uint32_t result = magnitude < 0x400 ? subnormal : normal;
    result = magnitude >= 0x7C00 ? special : result;
    return float_of(result | (static_cast<uint32_t>(half & 0x8000) << 16));
}

// To the nearest, ties to even; NaN stays NaN.
OVEMBED_INLINED uint16_t to_bfloat16(float value) {
    const uint32_t bits = bits_of(value);
    const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    const uint32_t nan = (bits >> 16) | 0x40;
    return static_cast<uint16_t>((bits & 0x7FFFFFFF) > kInfinityBits ? nan : rounded);
}

OVEMBED_INLINED float from_bfloat16(uint16_t half) { return float_of(static_cast<uint32_t>(half) << 16); }

}  // namespace ovembed
