#pragma once

#include "addon/env_state.h"
#include "addon/wrapped.h"
#include "core/cancellation.h"
#include "core/tokenizer.h"

namespace ovembed {

// NativeTokenizer of lib/native.ts.
class TokenizerWrap : public Wrapped<TokenizerWrap, const Tokenizer> {
public:
    static constexpr const char* kName = "NativeTokenizer";
    static constexpr napi_type_tag kTypeTag{0x6f76656d62656402, 0x746f6b656e697a65};

    explicit TokenizerWrap(const Napi::CallbackInfo& info);
    // Freeing a large vocabulary takes tens of milliseconds: not on the JavaScript thread.
    ~TokenizerWrap() override;
    static Napi::Function define(Napi::Env env);

private:
    Napi::Value vocab_size(const Napi::CallbackInfo& info);
    Napi::Value cut(const Napi::CallbackInfo& info);
    Napi::Value encode(const Napi::CallbackInfo& info);
    Napi::Value encode_now(const Napi::CallbackInfo& info);
    void cancel(const Napi::CallbackInfo& info);
    Napi::Value decode(const Napi::CallbackInfo& info);
    void close(const Napi::CallbackInfo& info);

    // Throws ERR_CLOSED after close().
    const std::shared_ptr<const Tokenizer>& tokenizer(Napi::Env env) const;

    // Held here, as the addon object may be gone before the last wrapper is finalised.
    std::shared_ptr<EnvState> m_state;
    Cancellations m_jobs;
    size_t m_vocabulary;  // known after close() too: inputs are checked before anything is asked of the tokenizer
};

}  // namespace ovembed
