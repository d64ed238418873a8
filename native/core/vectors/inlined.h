// For functions that are compiled once more for each instruction set: they take that of the function they end up in.
#pragma once

#if defined(__GNUC__)
#define OVEMBED_INLINED [[gnu::always_inline]] inline
#else
#define OVEMBED_INLINED inline
#endif

#if defined(__GNUC__) && defined(__x86_64__)
#define OVEMBED_HAS_AVX2_VERSION 1
#define OVEMBED_AVX2 __attribute__((target("avx2")))  // without fma: a fused product would round differently
#else
#define OVEMBED_HAS_AVX2_VERSION 0
#endif

#if defined(_MSC_VER)
#define OVEMBED_RESTRICT __restrict
#else
#define OVEMBED_RESTRICT __restrict__
#endif
