#pragma once

#include "addon/env_state.h"
#include "addon/wrapped.h"
#include "core/cancellation.h"
#include "core/text_embedding_pipeline.h"

namespace ovembed {

// NativePipeline of lib/native.ts.
class PipelineWrap : public Wrapped<PipelineWrap, TextEmbeddingPipeline> {
public:
    static constexpr const char* kName = "NativePipeline";
    static constexpr napi_type_tag kTypeTag{0x6f76656d62656403, 0x706970656c696e65};

    explicit PipelineWrap(const Napi::CallbackInfo& info);
    // Freeing a compiled model takes milliseconds and waits for its batches: not on the JavaScript thread.
    ~PipelineWrap() override;
    static Napi::Function define(Napi::Env env);

private:
    Napi::Value infer(const Napi::CallbackInfo& info);
    void cancel(const Napi::CallbackInfo& info);
    void give_up(const Napi::CallbackInfo& info);
    Napi::Value close(const Napi::CallbackInfo& info);

    Napi::Value hidden_size(const Napi::CallbackInfo& info);
    Napi::Value dimensions(const Napi::CallbackInfo& info);
    Napi::Value max_positions(const Napi::CallbackInfo& info);
    Napi::Value pooled_in_graph(const Napi::CallbackInfo& info);
    Napi::Value masks_padding(const Napi::CallbackInfo& info);
    Napi::Value from_blob(const Napi::CallbackInfo& info);
    Napi::Value quantization(const Napi::CallbackInfo& info);
    Napi::Value blob_problem(const Napi::CallbackInfo& info);
    Napi::Value execution_devices(const Napi::CallbackInfo& info);
    Napi::Value streams(const Napi::CallbackInfo& info);
    Napi::Value threads(const Napi::CallbackInfo& info);
    Napi::Value concurrency(const Napi::CallbackInfo& info);

    // Both throw ERR_CLOSED after close().
    const TextEmbeddingPipeline& pipeline(Napi::Env env) const;
    const InferenceEngine& engine(Napi::Env env) const { return pipeline(env).engine(); }

    // Frees the pipeline, unless a batch that was given up is still on the device: freeing would wait for it.
    std::shared_ptr<TextEmbeddingPipeline> take_free() noexcept;

    // Held here, as the addon object may be gone before the last wrapper is finalised.
    std::shared_ptr<EnvState> m_state;
    Cancellations m_jobs;
    bool m_hangs = false;  // a batch was given up
};

}  // namespace ovembed
