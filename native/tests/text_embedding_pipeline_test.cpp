#include "core/text_embedding_pipeline.h"

#include <cmath>
#include <limits>

#include "core/modules/normalize.h"
#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/expect.h"
#include "tests/graphs.h"

namespace ovembed {
namespace {

using testing::embed;
using testing::engine_options;
using testing::expect_error;
using testing::parts_of;
using testing::pooled;
using testing::same_bits;
using testing::TinyModel;
using testing::token_vectors;

constexpr size_t kHidden = 32;
const testing::Rows kRows{{2, 5, 9, 3}, {2, 60, 61, 62, 63, 64, 3}, {2, 3}, {}};

EngineOptions ir_options(const std::string& xml) {
    EngineOptions options;
    options.source = {SourceKind::OpenVino, xml};
    options.device = "CPU";
    options.precision = "f32";
    return options;
}

class PipelineTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        s_model = std::make_unique<TinyModel>();
        s_engine = std::make_shared<InferenceEngine>(engine_options(*s_model));
    }
    static void TearDownTestSuite() {
        s_engine.reset();
        s_model.reset();
    }

    TextEmbeddingPipeline pipeline(const PoolingOptions& options = {}) const { return {s_engine, options}; }

    static std::unique_ptr<TinyModel> s_model;
    static std::shared_ptr<InferenceEngine> s_engine;
};

std::unique_ptr<TinyModel> PipelineTest::s_model;
std::shared_ptr<InferenceEngine> PipelineTest::s_engine;

TEST_F(PipelineTest, GivesOneVectorPerRowOrOnePerToken) {
    auto pipeline = this->pipeline();
    const Embeddings rows = embed(pipeline, parts_of(kRows), pooled(8));
    EXPECT_EQ(rows.data.size(), 4 * kHidden);
    EXPECT_TRUE(rows.non_finite_rows.empty());
    EXPECT_EQ(embed(pipeline, parts_of(kRows), token_vectors(8)).data.size(), (4 + 7 + 2) * kHidden);
}

TEST_F(PipelineTest, PoolsTheTokenVectorsOfEachRow) {
    for (const PaddingSide side : {PaddingSide::Right, PaddingSide::Left}) {
        for (const PoolingType type : {PoolingType::Cls, PoolingType::Mean, PoolingType::Max, PoolingType::LastToken}) {
            auto pipeline = this->pipeline({{type}, side, 0});
            const auto tokens = embed(pipeline, parts_of(kRows), token_vectors(8)).data;
            const auto rows = embed(pipeline, parts_of(kRows), pooled(8, false)).data;
            std::vector<double> sums;
            std::vector<float> expected(kHidden);
            size_t first = 0;
            for (size_t row = 0; row < kRows.size(); ++row) {
                const size_t length = kRows[row].size();
                const HiddenStates states{tokens.data() + first * kHidden, HiddenType::F32, length, kHidden};
                pool_row(states, 0, {0, length}, type, sums, expected.data());
                EXPECT_TRUE(same_bits(rows.data() + row * kHidden, expected.data(), kHidden)) << "row " << row;
                first += length;
            }
        }
    }
}

TEST_F(PipelineTest, PutsSeveralPoolingsSideBySide) {
    auto both = this->pipeline({{PoolingType::Max, PoolingType::Cls}});
    EXPECT_EQ(both.dimensions(), 2 * kHidden);
    const auto together = embed(both, parts_of(kRows), pooled(8, false)).data;
    ASSERT_EQ(together.size(), kRows.size() * 2 * kHidden);
    size_t offset = 0;
    for (const PoolingType type : {PoolingType::Max, PoolingType::Cls}) {
        auto single = this->pipeline({{type}});
        const auto alone = embed(single, parts_of(kRows), pooled(8, false)).data;
        for (size_t row = 0; row < kRows.size(); ++row) {
            EXPECT_TRUE(same_bits(together.data() + row * 2 * kHidden + offset, alone.data() + row * kHidden, kHidden));
        }
        offset += kHidden;
    }
}

// Doubles the width: each vector beside its negative. An infinity becomes 1, as a tanh makes it.
class Mirror : public Module {
public:
    size_t width_after(size_t width) const override { return 2 * width; }
    void apply(Vectors& vectors) const override {
        Vectors wide{2 * vectors.width, {}};
        for (size_t row = 0; row < vectors.rows(); ++row) {
            for (const float sign : {1.0F, -1.0F}) {
                for (size_t d = 0; d < vectors.width; ++d) {
                    const float value = vectors.data[row * vectors.width + d];
                    wide.data.push_back(sign * (std::isinf(value) ? 1 : value));
                }
            }
        }
        vectors = std::move(wide);
    }
};

TEST_F(PipelineTest, AppliesModulesThenCutsThenNormalises) {
    const Modules modules{std::make_shared<Mirror>(), std::make_shared<Normalize>(), std::make_shared<Mirror>()};
    TextEmbeddingPipeline chained(s_engine, {}, modules);
    EXPECT_EQ(chained.dimensions(), 4 * kHidden);
    auto plain = this->pipeline();
    const auto token_count = embed(chained, parts_of(kRows), token_vectors(8)).data.size();
    EXPECT_EQ(token_count, (4 + 7 + 2) * kHidden);
    for (const size_t dimensions : {0UL, 3 * kHidden + 5}) {
        const size_t width = dimensions == 0 ? 4 * kHidden : dimensions;
        const auto actual = embed(chained, parts_of(kRows), pooled(8, true, dimensions)).data;
        ASSERT_EQ(actual.size(), kRows.size() * width);
        Vectors expected{kHidden, embed(plain, parts_of(kRows), pooled(8, false)).data};
        for (const auto& module : modules) module->apply(expected);
        for (size_t row = 0; row < kRows.size(); ++row) {
            float* vector = expected.data.data() + row * expected.width;
            normalize(vector, width);
            EXPECT_TRUE(same_bits(actual.data() + row * width, vector, width)) << row;
        }
    }
    expect_error(ErrorCode::InvalidArgument, "at most 128 dimensions",
                 [&] { embed(chained, parts_of(kRows), pooled(8, true, 129)); });
}

TEST_F(PipelineTest, CutsThenNormalises) {
    auto pipeline = this->pipeline();
    const auto whole = embed(pipeline, parts_of(kRows), pooled(8, false)).data;
    const auto cut = embed(pipeline, parts_of(kRows), pooled(8, true, 10)).data;
    ASSERT_EQ(cut.size(), kRows.size() * 10);
    for (size_t row = 0; row < kRows.size(); ++row) {
        std::vector<float> expected(whole.begin() + static_cast<std::ptrdiff_t>(row * kHidden),
                                    whole.begin() + static_cast<std::ptrdiff_t>(row * kHidden + 10));
        normalize(expected.data(), 10);
        EXPECT_TRUE(same_bits(cut.data() + row * 10, expected.data(), 10)) << "row " << row;
    }
}

TEST_F(PipelineTest, GivesZerosForARowWithoutTokens) {
    auto pipeline = this->pipeline();
    EXPECT_EQ(embed(pipeline, parts_of({{}}), pooled(8)).data, std::vector<float>(kHidden, 0));
    EXPECT_TRUE(embed(pipeline, parts_of({{}}), token_vectors(8)).data.empty());
}

TEST_F(PipelineTest, RefusesBatchesThatCannotBeRun) {
    auto pipeline = this->pipeline();
    const auto refuses = [&](ErrorCode code, const std::string& part, const testing::Rows& rows,
                             const EmbedOptions& options) {
        expect_error(code, part, [&] { embed(pipeline, parts_of(rows), options); });
    };
    refuses(ErrorCode::InvalidArgument, "at least one row", {}, pooled(8));
    refuses(ErrorCode::InvalidArgument, "does not fit into a batch of width 2", {{2, 5, 3}}, pooled(2));
    refuses(ErrorCode::InvalidArgument, "width", {{}}, pooled(0));
    refuses(ErrorCode::InvalidArgument, "at most 64 tokens", {{2, 3}}, pooled(65));
    refuses(ErrorCode::InvalidArgument, "at most 64 tokens", {{2, 3}}, pooled(4000000000U));
    refuses(ErrorCode::InvalidArgument, "at most 32 dimensions", {{2, 3}}, pooled(8, true, 33));
    refuses(ErrorCode::ModelInvalid, "do not belong together", {{2, 68, 3}}, pooled(8));
    EXPECT_NO_THROW(embed(pipeline, parts_of({{2, 67, 3}}), pooled(64, true, 32)));
}

// The CPU plugin reads beyond the position table, up to a crash; so the limit must be known for every source.
TEST_F(PipelineTest, RefusesRowsBeyondThePositionsOfAnIr) {
    write_ir(*s_model, s_model->file("model.xml"));
    TextEmbeddingPipeline pipeline(std::make_shared<InferenceEngine>(ir_options(s_model->file("model.xml"))), {});
    EXPECT_NO_THROW(embed(pipeline, parts_of({{2, 3}}), pooled(64)));
    for (const size_t width : {65U, 128U, 65536U}) {
        expect_error(ErrorCode::InvalidArgument, "at most 64 tokens",
                     [&] { embed(pipeline, parts_of({{2, 3}}), pooled(width)); });
    }
}

TEST_F(PipelineTest, TellsWhatIsNoLongerWanted) {
    auto pipeline = this->pipeline();
    auto code = std::make_shared<std::promise<ErrorCode>>();
    pipeline.embed(
        parts_of(kRows), pooled(8), [] { return false; }, [](const Embeddings&) { FAIL() << "the batch ran"; },
        [code](const Error& error) { code->set_value(error.code()); });
    EXPECT_EQ(code->get_future().get(), ErrorCode::Closed);
}

// A model whose token vectors are its token's number; number 3 gives NaN, number 4 infinity.
std::string write_odd_numbers(const testing::TempFolder& folder, bool in_graph_pooling) {
    const auto ids = testing::parameter("input_ids");
    const auto mask = testing::parameter("attention_mask");
    std::vector<float> table{0, 1, 2, std::nanf(""), std::numeric_limits<float>::infinity(), 5};
    const auto rows = ov::op::v0::Constant::create(ov::element::f32, {6, 1}, table);
    const auto axis = ov::op::v0::Constant::create(ov::element::i64, {}, {0});
    const auto tokens = std::make_shared<ov::op::v8::Gather>(rows, ids, axis);
    const auto output = in_graph_pooling ? testing::result("sentence_embedding", testing::mean_over_tokens(tokens))
                                         : testing::result("last_hidden_state", tokens);
    const auto unused = testing::result("mask", mask);
    ov::save_model(std::make_shared<ov::Model>(ov::ResultVector{output, unused}, ov::ParameterVector{ids, mask}),
                   folder.file("m.xml"), false);
    return folder.file("m.xml");
}

TEST(Pipeline, MarksRowsThatAreNotFinite) {
    const testing::TempFolder folder;
    TextEmbeddingPipeline pipeline(std::make_shared<InferenceEngine>(ir_options(write_odd_numbers(folder, false))), {});
    const testing::Rows rows{{1, 2}, {1, 3}, {2}, {4}, {5, 5, 5}};
    const std::vector<uint32_t> expected{1, 3};
    EXPECT_EQ(embed(pipeline, parts_of(rows), pooled(3)).non_finite_rows, expected);
    EXPECT_EQ(embed(pipeline, parts_of(rows), pooled(3, false)).non_finite_rows, expected);
    EXPECT_EQ(embed(pipeline, parts_of(rows), token_vectors(3)).non_finite_rows, expected);
}

TEST(Pipeline, MarksRowsThatAModuleMadeFinite) {
    const testing::TempFolder folder;
    const auto engine = std::make_shared<InferenceEngine>(ir_options(write_odd_numbers(folder, false)));
    TextEmbeddingPipeline pipeline(engine, {}, {std::make_shared<Mirror>()});
    EXPECT_EQ(embed(pipeline, parts_of({{1}, {4}, {2}}), pooled(3)).non_finite_rows, std::vector<uint32_t>{1});
}

TEST(Pipeline, IgnoresWhatThePaddingHolds) {
    const testing::TempFolder folder;
    const auto engine = std::make_shared<InferenceEngine>(ir_options(write_odd_numbers(folder, false)));
    for (const PaddingSide side : {PaddingSide::Right, PaddingSide::Left}) {
        TextEmbeddingPipeline pipeline(engine, {{PoolingType::Mean}, side, 3});  // NaN for padding
        EXPECT_EQ(embed(pipeline, parts_of({{1, 5}, {2}}), pooled(4, false)).data, (std::vector<float>{3, 2}));
    }
}

TEST(Pipeline, TakesVectorsThatTheGraphPooled) {
    const testing::TempFolder folder;
    const auto engine = std::make_shared<InferenceEngine>(ir_options(write_odd_numbers(folder, true)));
    EXPECT_TRUE(engine->pooled());
    // The modules are in such a graph as well.
    TextEmbeddingPipeline pipeline(engine, {{PoolingType::Max, PoolingType::Cls}, PaddingSide::Right, 0},
                                   {std::make_shared<Mirror>()});
    EXPECT_EQ(pipeline.dimensions(), 1U);
    EXPECT_EQ(embed(pipeline, parts_of({{1, 2, 5, 0}, {1, 1, 1, 1}}), pooled(4, false)).data,
              (std::vector<float>{2, 1}));
    expect_error(ErrorCode::ModelUnsupported, "pooled vectors only",
                 [&] { embed(pipeline, parts_of({{1}}), token_vectors(4)); });
}

}  // namespace
}  // namespace ovembed
