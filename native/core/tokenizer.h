// A Hugging Face tokenizer.json, encoding on native threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/cancellation.h"
#include "core/encoding.h"
#include "core/thread_pool.h"

struct OvtTokenizer;

namespace ovembed {

// What becomes of an input that is too long: it loses its end or its beginning, or becomes several rows.
enum class Cut { End, Start, Windows };

// Throws InvalidArgument for a name that is none of end, start, windows.
Cut cut_of(const std::string& name);

struct EncodeOptions {
    size_t max_length = 0;  // longest row in tokens, special tokens counted; 0: no limit
    bool offsets = false;
    bool add_special_tokens = true;  // for texts; ids are taken as they are
    std::string excluded_prompt{};   // every text begins with it, and pooling leaves it out; empty: none
    Cut cut = Cut::End;
    size_t overlap = 0;         // tokens that a window repeats of the one before; at most half of its own
    std::string kept_prompt{};  // what every text begins with, kept in front where the beginning is cut off
};

using TokenIds = std::vector<uint32_t>;
using TokenizerInput = std::variant<std::string, TokenIds>;  // UTF-8 text, or the exact model input

class Tokenizer {
public:
    // With `lower_case`, texts are lower-cased before the tokenizer's own normalisation. Throws ModelNotFound or
    // ModelInvalid.
    explicit Tokenizer(const std::string& file, bool lower_case = false);

    // Of tokenizer.json, in bytes; in memory a tokenizer takes several times as much.
    size_t file_size() const noexcept { return m_file_size; }
    // One more than the largest id.
    size_t vocabulary() const noexcept;
    // Where the file's own truncation cuts: End or Start.
    Cut cut() const noexcept;

    // Encodes on the calling thread. Throws InvalidArgument or ModelInvalid, naming the input by its index.
    Encoding encode(const std::vector<TokenizerInput>& inputs, const EncodeOptions& options) const;

    // Encodes on `pool`, split where that pays, and calls exactly one of the two there. Cancelled (null: never), it
    // ends with Error(Closed) before the next input.
    void encode_async(std::vector<TokenizerInput> inputs, const EncodeOptions& options, ThreadPool& pool,
                      std::function<void(Encoding)> on_done, std::function<void(std::exception_ptr)> on_error,
                      std::shared_ptr<const Cancellation> cancellation = nullptr) const;

    std::string decode(const TokenIds& ids, bool skip_special_tokens) const;

private:
    size_t tokens_of_prompt(const EncodeOptions& options) const;
    TokenIds kept_ids(const EncodeOptions& options) const;
    void encode_range(const std::vector<TokenizerInput>& inputs, size_t begin, size_t end, const EncodeOptions& options,
                      const Cancellation* cancellation, Encoding& target) const;

    std::shared_ptr<OvtTokenizer> m_tokenizer;
    size_t m_file_size = 0;
};

}  // namespace ovembed
