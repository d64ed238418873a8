#pragma once

#include "addon/env_state.h"
#include "addon/wrapped.h"
#include "core/vectors/flat_index.h"

namespace ovembed {

// NativeFlatIndex of lib/native.ts.
class FlatIndexWrap : public Wrapped<FlatIndexWrap, FlatIndex> {
public:
    static constexpr const char* kName = "NativeFlatIndex";
    static constexpr napi_type_tag kTypeTag{0x6f76656d62656404, 0x666c6174696e6478};

    explicit FlatIndexWrap(const Napi::CallbackInfo& info);
    // Gigabytes take their time: not on the JavaScript thread.
    ~FlatIndexWrap() override;
    static Napi::Function define(Napi::Env env);

    // An empty index, of { dimensions, dtype, metric, ranges? }.
    static std::shared_ptr<FlatIndex> create(const Napi::Object& options);

private:
    Napi::Value length(const Napi::CallbackInfo& info);
    Napi::Value bytes(const Napi::CallbackInfo& info);
    void write(const Napi::CallbackInfo& info);
    void publish(const Napi::CallbackInfo& info);
    Napi::Value search(const Napi::CallbackInfo& info);
    void cancel(const Napi::CallbackInfo& info);
    void close(const Napi::CallbackInfo& info);

    // Throws ERR_CLOSED after close().
    FlatIndex& index(Napi::Env env) const;

    std::shared_ptr<EnvState> m_state;
    Cancellations m_jobs;
};

}  // namespace ovembed
