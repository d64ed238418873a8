// One model on one device, from token ids to vectors.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/inference_engine.h"
#include "core/modules/module.h"
#include "core/pooling.h"

namespace ovembed {

struct PoolingOptions {
    std::vector<PoolingType> types{PoolingType::Mean};  // what each gives is put side by side
    PaddingSide padding_side = PaddingSide::Right;
    uint32_t pad_token_id = 0;
};

enum class OutputKind { Pooled, Tokens };

struct EmbedOptions {
    size_t width = 0;  // the length bucket: every row is padded to it
    OutputKind output = OutputKind::Pooled;
    size_t dimensions = 0;  // vectors are cut to this many after all modules and before normalising; 0: not cut
    bool normalize = true;  // vectors are scaled to unit length
};

struct Embeddings {
    std::vector<float> data;                // Pooled: rows × dimensions; Tokens: all rows' real tokens × hidden
    std::vector<uint32_t> non_finite_rows;  // rows of the batch with a NaN or an infinity
    uint32_t queue_micros = 0;
    uint32_t infer_micros = 0;
    uint32_t pool_micros = 0;
};

class TextEmbeddingPipeline {
public:
    // Token vectors are pooled and go through `modules` in their order. A graph that pools by itself is taken to hold
    // the modules as well, as exports of sentence-transformers do. Throws ModelInvalid for modules that do not fit.
    TextEmbeddingPipeline(std::shared_ptr<InferenceEngine> engine, PoolingOptions options, Modules modules = {});

    // See InferenceEngine.
    void retire() noexcept { m_engine->retire(); }
    const InferenceEngine& engine() const noexcept { return *m_engine; }
    // Width of a text's vector, uncut.
    size_t dimensions() const noexcept { return m_dimensions; }

    // Queues one batch and returns. Exactly one of on_done and on_error is called, once, on a thread of the engine;
    // neither may throw. `wanted` is asked before work starts; `cancellation` (null: none) stops it. Throws
    // InvalidArgument for a batch that cannot be run.
    void embed(std::vector<BatchPart> parts, const EmbedOptions& options, std::function<bool()> wanted,
               std::function<void(Embeddings)> on_done, std::function<void(const Error&)> on_error,
               std::shared_ptr<Cancellation> cancellation = nullptr);

private:
    std::shared_ptr<InferenceEngine> m_engine;
    PoolingOptions m_options;
    Modules m_modules;
    size_t m_dimensions;
};

}  // namespace ovembed
