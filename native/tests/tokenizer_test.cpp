#include "core/tokenizer.h"

#include <future>
#include <random>

#include "tests/expect.h"
#include "tests/tiny_model.h"

namespace ovembed {
namespace {

using testing::expect_error;

class TokenizerTest : public ::testing::Test {
protected:
    TokenizerTest() {
        testing::write_file(m_folder.file("tokenizer.json"), testing::tiny_tokenizer());
        m_tokenizer = std::make_unique<Tokenizer>(m_folder.file("tokenizer.json"));
    }

    Encoding encode_async(std::vector<TokenizerInput> inputs, const EncodeOptions& options, size_t threads) const {
        std::promise<Encoding> promise;
        ThreadPool pool(threads);  // after what its jobs use
        m_tokenizer->encode_async(
            std::move(inputs), options, pool, [&](Encoding encoding) { promise.set_value(std::move(encoding)); },
            [&](std::exception_ptr problem) { promise.set_exception(std::move(problem)); });
        return promise.get_future().get();
    }

    testing::TempFolder m_folder;
    std::unique_ptr<Tokenizer> m_tokenizer;
};

void expect_equal(const Encoding& a, const Encoding& b) {
    EXPECT_EQ(a.row_starts, b.row_starts);
    EXPECT_EQ(a.ids, b.ids);
    EXPECT_EQ(a.type_ids, b.type_ids);
    EXPECT_EQ(a.special_tokens_mask, b.special_tokens_mask);
    EXPECT_EQ(a.offsets, b.offsets);
    EXPECT_EQ(a.original_lengths, b.original_lengths);
    EXPECT_EQ(a.truncated, b.truncated);
}

// Texts and rows of ids, some empty, some long.
std::vector<TokenizerInput> mixed_inputs(size_t count, unsigned seed) {
    std::mt19937 random(seed);
    const char* pieces[] = {"the ", "sea ", "wind", "xyz ", "! ", "\xc3\xa9 ", "\xf0\x9f\x8c\x8a ", "  ", "a"};
    std::vector<TokenizerInput> inputs;
    for (size_t i = 0; i < count; ++i) {
        const size_t length = random() % 40;
        if (random() % 3 == 0) {
            TokenIds ids(length);
            for (auto& id : ids) id = random() % static_cast<uint32_t>(testing::tiny_vocabulary().size());
            inputs.emplace_back(ids);
        } else {
            std::string text;
            for (size_t p = 0; p < length; ++p) text += pieces[random() % std::size(pieces)];
            inputs.emplace_back(text);
        }
    }
    return inputs;
}

TEST_F(TokenizerTest, EncodesATextIntoFlatArrays) {
    const Encoding encoding = m_tokenizer->encode({std::string("The winding!"), TokenIds{2, 7, 3}}, {0, true, true});
    const auto id = [](const std::string& token) {
        const auto& tokens = testing::tiny_vocabulary();
        return static_cast<uint32_t>(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
    };
    EXPECT_EQ(encoding.row_starts, (std::vector<size_t>{0, 6, 9}));
    EXPECT_EQ(encoding.ids, (TokenIds{2, id("the"), id("wind"), id("##ing"), id("!"), 3, 2, 7, 3}));
    EXPECT_EQ(encoding.type_ids, TokenIds(9, 0));
    EXPECT_EQ(encoding.special_tokens_mask, (std::vector<uint8_t>{1, 0, 0, 0, 0, 1, 1, 0, 1}));
    EXPECT_EQ(encoding.offsets, (TokenIds{0, 0, 0, 3, 4, 8, 8, 11, 11, 12, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(encoding.original_lengths, (TokenIds{6, 3}));
    EXPECT_EQ(encoding.truncated, (std::vector<uint8_t>{0, 0}));
    EXPECT_EQ(m_tokenizer->vocabulary(), testing::tiny_vocabulary().size());
    EXPECT_EQ(m_tokenizer->decode(encoding.ids, true).substr(0, 11), "the winding");
}

TEST_F(TokenizerTest, CutsAtTheEndAndSaysSo) {
    const Encoding encoding = m_tokenizer->encode({std::string("a b c d"), std::string("a")}, {4, false, true});
    EXPECT_EQ(encoding.ids, (TokenIds{2, 5, 6, 3, 2, 5, 3}));
    EXPECT_EQ(encoding.original_lengths, (TokenIds{6, 3}));
    EXPECT_EQ(encoding.truncated, (std::vector<uint8_t>{1, 0}));
    EXPECT_TRUE(encoding.offsets.empty());
}

// The count of sentence-transformers: [CLS] and the prompt, without the [SEP] at the end.
TEST_F(TokenizerTest, CountsThePromptThatPoolingLeavesOut) {
    const std::vector<TokenizerInput> inputs{std::string("a b! the winding"), TokenIds{2, 7, 3}, std::string("a b! ")};
    const auto prompts = [&](const EncodeOptions& options) {
        return m_tokenizer->encode(inputs, options).prompt_tokens;
    };
    EXPECT_EQ(prompts({0, false, true, "a b! "}), (std::vector<uint32_t>{4, 0, 4}));
    EXPECT_EQ(prompts({0, false, false, "a b! "}), (std::vector<uint32_t>{3, 0, 3}));
    EXPECT_EQ(prompts({3, false, true, "a b! "}), (std::vector<uint32_t>{2, 0, 2}));  // cut within the prompt
    EXPECT_EQ(prompts({0, false, true}), (std::vector<uint32_t>{0, 0, 0}));
    EXPECT_EQ(encode_async(inputs, {0, false, true, "a b! "}, 2).prompt_tokens, (std::vector<uint32_t>{4, 0, 4}));
}

TEST_F(TokenizerTest, ParallelEqualsSerial) {
    for (const EncodeOptions& options :
         {EncodeOptions{0, true, true}, EncodeOptions{16, false, true}, EncodeOptions{16, true, false}}) {
        for (const size_t count : {0U, 1U, 127U, 128U, 129U, 1000U}) {
            SCOPED_TRACE(count);
            const auto inputs = mixed_inputs(count, static_cast<unsigned>(count));
            const Encoding serial = m_tokenizer->encode(inputs, options);
            EXPECT_EQ(serial.rows(), count);
            expect_equal(encode_async(inputs, options, 4), serial);
        }
    }
}

TEST_F(TokenizerTest, ServesManyCallersAtOnce) {
    const auto inputs = mixed_inputs(300, 5);
    const Encoding serial = m_tokenizer->encode(inputs, {});
    std::vector<std::future<Encoding>> calls;
    for (int i = 0; i < 4; ++i) {
        calls.push_back(std::async(std::launch::async, [&] { return encode_async(inputs, {}, 2); }));
    }
    for (auto& call : calls) expect_equal(call.get(), serial);
}

TEST_F(TokenizerTest, OutlivesItsOwnerWhileEncoding) {
    std::promise<void> gate;
    std::promise<size_t> rows;
    ThreadPool pool(1);
    pool.run([opened = gate.get_future().share()] { opened.wait(); });
    m_tokenizer->encode_async(
        mixed_inputs(200, 1), {}, pool, [&](const Encoding& encoding) { rows.set_value(encoding.rows()); },
        [&](std::exception_ptr problem) { rows.set_exception(std::move(problem)); });
    m_tokenizer.reset();
    gate.set_value();
    EXPECT_EQ(rows.get_future().get(), 200U);
}

TEST_F(TokenizerTest, NamesTheInputThatIsWrong) {
    for (const size_t wrong : {0U, 5U, 128U, 499U}) {
        auto inputs = mixed_inputs(500, 2);
        const std::string name = "Input " + std::to_string(wrong) + ":";
        inputs[wrong] = TokenIds{2, 4000000000U, 3};
        expect_error(ErrorCode::InvalidArgument, name, [&] { m_tokenizer->encode(inputs, {}); });
        expect_error(ErrorCode::InvalidArgument, name, [&] { encode_async(inputs, {}, 4); });
        inputs[wrong] = std::string("a\xff");
        expect_error(ErrorCode::InvalidArgument, name, [&] { encode_async(inputs, {}, 4); });
    }
}

TEST_F(TokenizerTest, ReportsTheFirstOfSeveralWrongInputs) {
    auto inputs = mixed_inputs(1000, 3);
    for (const size_t wrong : {300U, 301U, 900U}) inputs[wrong] = TokenIds{4000000000U};
    expect_error(ErrorCode::InvalidArgument, "Input 300:", [&] { encode_async(inputs, {}, 4); });
}

TEST_F(TokenizerTest, HasNoRoomBelowTheSpecialTokens) {
    expect_error(ErrorCode::InvalidArgument,
                 "Input 0:", [&] { m_tokenizer->encode({std::string("a")}, {1, false, true}); });
}

TEST_F(TokenizerTest, EncodesLongTexts) {
    std::string text;
    for (int i = 0; i < 200000; ++i) text += "sea ";
    const Encoding whole = encode_async({text}, {0, true, true}, 2);
    EXPECT_EQ(whole.length(0), 200002U);
    EXPECT_EQ(whole.offsets[2 * 200000 + 1], 4U * 200000 - 1);
    const Encoding cut = encode_async({text}, {256, false, true}, 2);
    EXPECT_EQ(cut.length(0), 256U);
    EXPECT_EQ(cut.original_lengths[0], 200002U);
    // One word of a million letters is one unknown token, not a crash.
    EXPECT_EQ(m_tokenizer->encode({std::string(1000000, 'a')}, {}).ids, (TokenIds{2, 1, 3}));
}

TEST_F(TokenizerTest, TakesEmptyTextAndNul) {
    const Encoding encoding = m_tokenizer->encode({std::string(), std::string("a\0b", 3), TokenIds{}}, {});
    EXPECT_EQ(encoding.length(0), 2U);
    EXPECT_GE(encoding.length(1), 3U);
    EXPECT_EQ(encoding.length(2), 0U);
}

TEST_F(TokenizerTest, RefusesDamagedFiles) {
    const std::string path = m_folder.file("bad.json");
    const std::string good = testing::tiny_tokenizer();
    for (const std::string& text :
         {std::string("{}"), std::string("[]"), std::string("x"), std::string(1000, '\0'),
          good.substr(0, good.size() / 2), std::string(R"({"version":"1.0","model":{"type":"None"}})")}) {
        SCOPED_TRACE(text.substr(0, 30));
        testing::write_file(path, text);
        expect_error(ErrorCode::ModelInvalid, path, [&] { Tokenizer{path}; });
    }
    expect_error(ErrorCode::ModelNotFound, "There is no file", [&] { Tokenizer(m_folder.file("missing.json")); });
    expect_error(ErrorCode::InvalidArgument, "Decoding", [&] { m_tokenizer->decode({4000000000U}, false); });
}

}  // namespace
}  // namespace ovembed
