// Engines and pipelines of tiny models, and calls that wait for their result.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/text_embedding_pipeline.h"
#include "tests/tiny_model.h"

namespace ovembed::testing {

inline EngineOptions engine_options(const TinyModel& model) {
    EngineOptions options;
    options.source = {SourceKind::Safetensors, model.weights()};
    options.device = "CPU";
    options.precision = "f32";
    return options;
}

// Queues a batch; the future holds its result or the Error.
inline std::future<Embeddings> embed_async(TextEmbeddingPipeline& pipeline, std::vector<BatchPart> parts,
                                           const EmbedOptions& options) {
    auto promise = std::make_shared<std::promise<Embeddings>>();
    pipeline.embed(
        std::move(parts), options, [] { return true; },
        [promise](Embeddings embeddings) { promise->set_value(std::move(embeddings)); },
        [promise](const Error& error) { promise->set_exception(std::make_exception_ptr(error)); });
    return promise->get_future();
}

inline Embeddings embed(TextEmbeddingPipeline& pipeline, std::vector<BatchPart> parts, const EmbedOptions& options) {
    return embed_async(pipeline, std::move(parts), options).get();
}

inline EmbedOptions pooled(size_t width, bool normalize = true, size_t dimensions = 0) {
    return {width, OutputKind::Pooled, dimensions, normalize};
}

inline EmbedOptions token_vectors(size_t width) { return {width, OutputKind::Tokens, 0, false}; }

}  // namespace ovembed::testing
