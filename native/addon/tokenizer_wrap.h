#pragma once

#include "addon/wrapped.h"
#include "core/tokenizer.h"

namespace ovembed {

// NativeTokenizer of lib/native.ts.
class TokenizerWrap : public Wrapped<TokenizerWrap, const Tokenizer> {
public:
    static constexpr const char* kName = "NativeTokenizer";
    static constexpr napi_type_tag kTypeTag{0x6f76656d62656402, 0x746f6b656e697a65};

    using Wrapped::Wrapped;
    static Napi::Function define(Napi::Env env);

private:
    Napi::Value vocab_size(const Napi::CallbackInfo& info);
    Napi::Value encode(const Napi::CallbackInfo& info);
    Napi::Value decode(const Napi::CallbackInfo& info);
};

}  // namespace ovembed
