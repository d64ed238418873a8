#pragma once

#include "addon/wrapped.h"
#include "core/encoding.h"

namespace ovembed {

// NativeEncoding of lib/native.ts.
class EncodingWrap : public Wrapped<EncodingWrap, const Encoding> {
public:
    static constexpr const char* kName = "NativeEncoding";
    static constexpr napi_type_tag kTypeTag{0x6f76656d62656401, 0x656e636f64696e67};

    explicit EncodingWrap(const Napi::CallbackInfo& info);
    static Napi::Function define(Napi::Env env);

    // Throws a TypeError after release().
    std::shared_ptr<const Encoding> encoding(Napi::Env env) const;

private:
    Napi::Value lengths(const Napi::CallbackInfo& info);
    Napi::Value original_lengths(const Napi::CallbackInfo& info);
    Napi::Value truncated(const Napi::CallbackInfo& info);
    Napi::Value inputs(const Napi::CallbackInfo& info);
    Napi::Value own_starts(const Napi::CallbackInfo& info);
    Napi::Value own_lengths(const Napi::CallbackInfo& info);
    Napi::Value tokens(const Napi::CallbackInfo& info);
    void release(const Napi::CallbackInfo& info);
};

}  // namespace ovembed
