// The addon object of one environment.
#pragma once

#include <memory>

#include "addon/env_state.h"
#include "addon/napi_setup.h"

namespace ovembed {

class OvembedAddon : public Napi::Addon<OvembedAddon> {
public:
    OvembedAddon(Napi::Env env, Napi::Object exports);

    static OvembedAddon& of(Napi::Env env) { return *env.GetInstanceData<OvembedAddon>(); }
    const std::shared_ptr<EnvState>& state() const { return m_state; }

    // Constructors of the wrapped classes; not exported, only native code makes instances.
    Napi::FunctionReference tokenizer_class;
    Napi::FunctionReference encoding_class;
    Napi::FunctionReference pipeline_class;
    Napi::FunctionReference flat_index_class;

private:
    Napi::Value devices(const Napi::CallbackInfo& info);
    Napi::Value device_properties(const Napi::CallbackInfo& info);
    void register_plugin(const Napi::CallbackInfo& info);
    Napi::Value report_model(const Napi::CallbackInfo& info);
    Napi::Value load_tokenizer(const Napi::CallbackInfo& info);
    Napi::Value load_pipeline(const Napi::CallbackInfo& info);
    Napi::Value convert_model(const Napi::CallbackInfo& info);
    Napi::Value compile_ahead(const Napi::CallbackInfo& info);
    Napi::Value quantize_model(const Napi::CallbackInfo& info);
    Napi::Value create_flat_index(const Napi::CallbackInfo& info);
    Napi::Value quantize_vectors(const Napi::CallbackInfo& info);
    Napi::Value dequantize_vectors(const Napi::CallbackInfo& info);
    Napi::Value json_vector(const Napi::CallbackInfo& info);
    Napi::Value pool_vectors(const Napi::CallbackInfo& info);
    Napi::Value available_cpus(const Napi::CallbackInfo& info);
    Napi::Value performance_cpus(const Napi::CallbackInfo& info);
    Napi::Value lock_file(const Napi::CallbackInfo& info);
    void stop(const Napi::CallbackInfo& info);
    void trim_heap(const Napi::CallbackInfo& info);

    std::shared_ptr<EnvState> m_state;
};

}  // namespace ovembed
