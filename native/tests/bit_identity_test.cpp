// The promise of design.md: a text's vector is the same bits alone and in any batch of its bucket, in any order, on any
// number of streams and threads, from a model that takes any shape or that one alone.
#include <algorithm>
#include <numeric>
#include <random>

#include "core/runtime.h"
#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/expect.h"

namespace ovembed {
namespace {

using testing::embed;
using testing::embed_async;
using testing::engine_options;
using testing::pooled;
using testing::TinyModel;
using testing::TinyModelOptions;

constexpr size_t kRowsPerWidth = 16;
constexpr size_t kBatchesPerWidth = 10;

struct Layout {
    int streams;
    int threads;
};
constexpr Layout kLayouts[] = {{1, 1}, {1, 2}, {2, 1}, {2, 2}};

// Rows of 1 to `width` random tokens.
std::shared_ptr<const Encoding> random_rows(size_t width, std::mt19937& random) {
    testing::Rows rows(kRowsPerWidth);
    for (auto& row : rows) {
        row.resize(1 + random() % width);
        for (auto& id : row) id = random() % static_cast<uint32_t>(testing::tiny_vocabulary().size());
    }
    return testing::encoding_of(rows);
}

// Each row's vector, computed alone.
std::vector<std::vector<float>> alone(TextEmbeddingPipeline& pipeline, const std::shared_ptr<const Encoding>& rows,
                                      size_t width) {
    std::vector<std::vector<float>> vectors;
    for (uint32_t row = 0; row < kRowsPerWidth; ++row)
        vectors.push_back(embed(pipeline, {{rows, {row}}}, pooled(width)).data);
    return vectors;
}

// Random batches of 1 to 40 rows, some of them more than once, all queued at the same time.
void expect_same_in_batches(TextEmbeddingPipeline& pipeline, const std::shared_ptr<const Encoding>& rows, size_t width,
                            const std::vector<std::vector<float>>& expected, std::mt19937& random) {
    std::vector<std::vector<uint32_t>> batches(kBatchesPerWidth);
    std::vector<std::future<Embeddings>> results;
    for (auto& batch : batches) {
        batch.resize(1 + random() % 40);
        for (auto& row : batch) row = random() % kRowsPerWidth;
        results.push_back(embed_async(pipeline, {{rows, batch}}, pooled(width)));
    }
    for (size_t b = 0; b < batches.size(); ++b) {
        const auto data = results[b].get().data;
        const size_t hidden = data.size() / batches[b].size();
        for (size_t i = 0; i < batches[b].size(); ++i) {
            ASSERT_TRUE(testing::same_bits(data.data() + i * hidden, expected[batches[b][i]].data(), hidden))
                << "width " << width << ", row " << batches[b][i] << " at position " << i << " of "
                << batches[b].size();
        }
    }
}

struct Computation {
    const char* precision;
    bool int8_weights;
    bool int8_activations;
};

// Fewer for int8, which has three variants.
std::vector<size_t> widths_of(const Computation& computation) {
    if (computation.int8_weights) return {16, 48};
    return {16, 32, 48, 64};
}

void check(const TinyModelOptions& model_options, const Computation& computation) {
    const TinyModel model(model_options);
    auto options = engine_options(model);
    options.precision = computation.precision;
    options.int8_weights = computation.int8_weights;
    options.int8_activations = computation.int8_activations;
    const std::string precision = std::string(computation.precision) + (options.int8_weights ? ", int8 weights" : "") +
                                  (options.int8_activations ? ", int8 activations" : "");
    std::mt19937 random(20);
    for (const size_t width : widths_of(computation)) {
        const auto rows = random_rows(width, random);
        std::vector<std::vector<float>> expected;
        for (const auto [streams, threads] : kLayouts) {
            SCOPED_TRACE(precision + ", " + std::to_string(streams) + " streams, " + std::to_string(threads) +
                         " threads");
            options.streams = streams;
            options.threads = threads;
            TextEmbeddingPipeline pipeline(InferenceEngine::open(options), {});
            const auto here = alone(pipeline, rows, width);
            if (expected.empty()) expected = here;
            EXPECT_EQ(here, expected) << "alone, against 1 stream and 1 thread";
            expect_same_in_batches(pipeline, rows, width, expected, random);
        }
        options.shape = ov::Shape{1, width};
        TextEmbeddingPipeline fixed(InferenceEngine::open(options), {});
        EXPECT_EQ(alone(fixed, rows, width), expected) << precision << ", compiled for one row of " << width;
        options.shape.reset();
    }
}

// Not on every CPU: without VNNI the plugin has no kernel for it.
bool runs_int8_activations(const TinyModelOptions& model_options) {
    const TinyModel model(model_options);
    auto options = engine_options(model);
    options.int8_weights = options.int8_activations = true;
    try {
        TextEmbeddingPipeline pipeline(InferenceEngine::open(options), {});
        embed(pipeline, {{testing::encoding_of({{2, 5, 3}}), {0}}}, pooled(16));
        return true;
    } catch (const Error&) {
        return false;
    }
}

void check_all_precisions(const TinyModelOptions& options) {
    check(options, {"f32", false, false});
    check(options, {"f32", true, false});
    if (runs_int8_activations(options)) check(options, {"f32", true, true});
    const auto capabilities = find_device("CPU").capabilities;
    if (std::count(capabilities.begin(), capabilities.end(), ov::device::capability::BF16) == 0) return;
    check(options, {"bf16", false, false});
    check(options, {"bf16", true, false});
    if (runs_int8_activations(options)) check(options, {"bf16", true, true});
}

// The widths of all-MiniLM-L6-v2, so that the same kernels are chosen; one layer of it.
TinyModelOptions mini_lm_widths() {
    TinyModelOptions options;
    options.hidden = 384;
    options.heads = 12;
    options.intermediate = 1536;
    options.layers = 1;
    return options;
}

TEST(BitIdentity, HoldsForASmallModel) { check_all_precisions({}); }

TEST(BitIdentity, HoldsForTheWidthsOfMiniLm) { check_all_precisions(mini_lm_widths()); }

// Widths that are no multiple of any vector register.
TEST(BitIdentity, HoldsForOddWidths) {
    TinyModelOptions options;
    options.hidden = 51;
    options.heads = 3;
    options.intermediate = 77;
    check_all_precisions(options);
}

}  // namespace
}  // namespace ovembed
