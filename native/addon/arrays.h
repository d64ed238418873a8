// Native arrays to and from typed arrays, always by copy: JavaScript may detach, transfer or free its memory at any
// time, and some runtimes (Electron) refuse memory that is not theirs.
#pragma once

#include <algorithm>
#include <vector>

#include "addon/napi_setup.h"

namespace ovembed {

template <typename T, typename Container>
Napi::Value to_typed_array(Napi::Env env, const Container& values) {
    auto array = Napi::TypedArrayOf<T>::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

inline std::vector<uint32_t> to_vector(const Napi::Value& value) {
    const bool fits = value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint32_array;
    if (!fits) throw Napi::TypeError::New(value.Env(), "Expected a Uint32Array.");
    const auto array = value.As<Napi::Uint32Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
}

}  // namespace ovembed
