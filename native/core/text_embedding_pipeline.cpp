#include "core/text_embedding_pipeline.h"

#include <algorithm>

#include "core/faults.h"

namespace ovembed {
namespace {

Vectors pool_rows(const HiddenStates& states, const std::vector<RowSpan>& spans,
                  const std::vector<PoolingType>& types) {
    const size_t width = states.hidden * types.size();
    Vectors pooled{width, std::vector<float>(spans.size() * width)};
    std::vector<double> sums;
    float* target = pooled.data.data();
    for (size_t row = 0; row < spans.size(); ++row) {
        for (const PoolingType type : types) {
            pool_row(states, row, spans[row], type, sums, target);
            target += states.hidden;
        }
    }
    return pooled;
}

// Matryoshka: cut, then normalise.
void finish(Vectors& vectors, const EmbedOptions& options) {
    const size_t rows = vectors.rows();
    if (options.dimensions != 0 && options.dimensions < vectors.width) {
        for (size_t row = 1; row < rows; ++row) {  // the first stands where it belongs
            std::copy_n(vectors.data.data() + row * vectors.width, options.dimensions,
                        vectors.data.data() + row * options.dimensions);
        }
        vectors.width = options.dimensions;
        vectors.data.resize(rows * vectors.width);
    }
    if (!options.normalize) return;
    for (size_t row = 0; row < rows; ++row) normalize(vectors.data.data() + row * vectors.width, vectors.width);
}

void mark_non_finite(const Vectors& vectors, std::vector<bool>& marked) {
    for (size_t row = 0; row < vectors.rows(); ++row) {
        if (!all_finite(vectors.data.data() + row * vectors.width, vectors.width)) marked[row] = true;
    }
}

Embeddings pool_batch(const HiddenStates& states, const std::vector<RowSpan>& spans,
                      const std::vector<PoolingType>& types, const Modules& modules, const EmbedOptions& options) {
    const faults::Passage passage(faults::Stage::Pool);
    Vectors vectors = pool_rows(states, spans, types);
    // Looked at before the modules as well, since some activation functions make a number of an infinity.
    std::vector<bool> non_finite(spans.size());
    if (!modules.empty()) mark_non_finite(vectors, non_finite);
    for (const auto& module : modules) module->apply(vectors);
    finish(vectors, options);
    passage.spoil(vectors.data.data(), vectors.data.size(), vectors.width);
    mark_non_finite(vectors, non_finite);
    Embeddings result;
    result.data = std::move(vectors.data);
    for (size_t row = 0; row < spans.size(); ++row) {
        if (non_finite[row]) result.non_finite_rows.push_back(static_cast<uint32_t>(row));
    }
    return result;
}

Embeddings collect_tokens(const HiddenStates& states, const std::vector<RowSpan>& spans) {
    const faults::Passage passage(faults::Stage::Pool);
    size_t tokens = 0;
    for (const auto& span : spans) tokens += span.length;
    Embeddings result;
    result.data.resize(tokens * states.hidden);
    float* target = result.data.data();
    for (size_t row = 0; row < spans.size(); ++row) {
        const size_t count = spans[row].length * states.hidden;
        copy_token_vectors(states, row, spans[row], target);
        if (row == 0) passage.spoil(target, count, states.hidden);
        if (!all_finite(target, count)) result.non_finite_rows.push_back(static_cast<uint32_t>(row));
        target += count;
    }
    return result;
}

size_t width_after(const Modules& modules, size_t width) {
    for (const auto& module : modules) width = module->width_after(width);
    return width;
}

}  // namespace

TextEmbeddingPipeline::TextEmbeddingPipeline(std::shared_ptr<InferenceEngine> engine, PoolingOptions options,
                                             Modules modules)
    : m_engine(std::move(engine)), m_options(std::move(options)), m_modules(std::move(modules)) {
    if (m_engine->pooled()) {
        // One vector per row: the one token that CLS takes as it is.
        m_options.types = {PoolingType::Cls};
        m_modules.clear();
    }
    m_dimensions = width_after(m_modules, m_engine->hidden() * m_options.types.size());
}

void TextEmbeddingPipeline::embed(std::vector<BatchPart> parts, const EmbedOptions& options,
                                  std::function<bool()> wanted, std::function<void(Embeddings)> on_done,
                                  std::function<void(const Error&)> on_error,
                                  std::shared_ptr<Cancellation> cancellation) {
    const bool pooled_in_graph = m_engine->pooled();
    if (pooled_in_graph && options.output == OutputKind::Tokens) {
        throw Error(ErrorCode::ModelUnsupported, "The model gives pooled vectors only; it has no token vectors.");
    }
    if (options.dimensions > m_dimensions) {
        throw Error(ErrorCode::InvalidArgument, "Expected at most " + std::to_string(m_dimensions) +
                                                    " dimensions, received " + std::to_string(options.dimensions) +
                                                    ".");
    }
    check_width(options.width, m_engine->max_positions());
    Batch batch{std::move(parts), options.width, m_options.padding_side, m_options.pad_token_id};
    batch.validate(m_engine->vocabulary());
    const auto spans = pooled_in_graph ? std::vector<RowSpan>(batch.rows(), RowSpan{0, 1}) : batch.spans();
    const auto on_output = [spans, types = m_options.types, modules = m_modules, options, on_done = std::move(on_done),
                            on_error](const HiddenStates& states, InferenceTimings timings) {
        const auto started = Clock::now();
        Embeddings result;
        try {
            result = options.output == OutputKind::Tokens ? collect_tokens(states, spans)
                                                          : pool_batch(states, spans, types, modules, options);
        } catch (...) {
            return on_error(current_error(ErrorCode::DeviceFailed, "A batch could not be pooled."));
        }
        result.queue_micros = timings.queue_micros;
        result.infer_micros = timings.infer_micros;
        result.pool_micros = micros_between(started, Clock::now());
        on_done(std::move(result));
    };
    m_engine->submit({std::move(batch), std::move(wanted), on_output, std::move(on_error), std::move(cancellation)});
}

}  // namespace ovembed
