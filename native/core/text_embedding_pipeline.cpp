#include "core/text_embedding_pipeline.h"

#include <algorithm>

#include "core/faults.h"

namespace ovembed {
namespace {

Embeddings pool_batch(const HiddenStates& states, const std::vector<RowSpan>& spans, PoolingType type,
                      const EmbedOptions& options) {
    const faults::Passage passage(faults::Stage::Pool);
    const size_t width = options.dimensions == 0 ? states.hidden : options.dimensions;
    Embeddings result;
    result.data.resize(spans.size() * width);
    std::vector<double> sums;
    std::vector<float> whole(states.hidden);
    for (size_t row = 0; row < spans.size(); ++row) {
        float* vector = result.data.data() + row * width;
        pool_row(states, row, spans[row], type, sums, whole.data());
        std::copy_n(whole.data(), width, vector);
        // Matryoshka: cut, then normalise.
        if (options.normalize) normalize(vector, width);
    }
    passage.spoil(result.data.data(), result.data.size(), width);
    for (size_t row = 0; row < spans.size(); ++row) {
        const float* vector = result.data.data() + row * width;
        if (!all_finite(vector, width)) result.non_finite_rows.push_back(static_cast<uint32_t>(row));
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

// The CPU plugin reads beyond the position table rather than fail, so a wider batch must never get there.
void check_width(size_t width, size_t max_positions) {
    if (width == 0) throw Error(ErrorCode::InvalidArgument, "The width of a batch is 0.");
    if (max_positions != 0 && width > max_positions) {
        throw Error(ErrorCode::InvalidArgument, "The model takes at most " + std::to_string(max_positions) +
                                                    " tokens, but the batch is " + std::to_string(width) + " wide.");
    }
}

}  // namespace

void TextEmbeddingPipeline::embed(std::vector<BatchPart> parts, const EmbedOptions& options,
                                  std::function<bool()> wanted, std::function<void(Embeddings)> on_done,
                                  std::function<void(const Error&)> on_error,
                                  std::shared_ptr<Cancellation> cancellation) {
    const bool pooled_in_graph = m_engine->pooled();
    if (pooled_in_graph && options.output == OutputKind::Tokens) {
        throw Error(ErrorCode::ModelUnsupported, "The model gives pooled vectors only; it has no token vectors.");
    }
    if (options.dimensions > m_engine->hidden()) {
        throw Error(ErrorCode::InvalidArgument, "Expected at most " + std::to_string(m_engine->hidden()) +
                                                    " dimensions, received " + std::to_string(options.dimensions) +
                                                    ".");
    }
    check_width(options.width, m_engine->max_positions());
    Batch batch{std::move(parts), options.width, m_options.padding_side, m_options.pad_token_id};
    batch.validate(m_engine->vocabulary());
    // A graph that pools gives one vector per row: the one token that CLS takes as it is.
    const auto spans = pooled_in_graph ? std::vector<RowSpan>(batch.rows(), RowSpan{0, 1}) : batch.spans();
    const PoolingType type = pooled_in_graph ? PoolingType::Cls : m_options.type;
    const auto on_output = [spans, type, options, on_done = std::move(on_done), on_error](const HiddenStates& states,
                                                                                          InferenceTimings timings) {
        const auto started = Clock::now();
        Embeddings result;
        try {
            result = options.output == OutputKind::Tokens ? collect_tokens(states, spans)
                                                          : pool_batch(states, spans, type, options);
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
