// Tokenised texts in flat arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ovembed {

struct Encoding {
    std::vector<size_t> row_starts{0};  // row i holds the tokens [row_starts[i], row_starts[i + 1])
    std::vector<uint32_t> ids;
    std::vector<uint32_t> type_ids;
    std::vector<uint8_t> special_tokens_mask;
    std::vector<uint32_t> offsets;           // start, end per token in UTF-16 code units; empty if not asked for
    std::vector<uint32_t> original_lengths;  // tokens of each row's input before it was cut
    std::vector<uint8_t> truncated;          // 1 where tokens of the row's input are in no row
    std::vector<uint32_t> inputs;            // what each row is made of; windows of one input follow each other
    // The tokens that are a row's own: without the template's, what a row that was cut kept in front, and what the
    // window before has as well.
    std::vector<uint32_t> own_starts;
    std::vector<uint32_t> own_lengths;
    std::vector<uint32_t> prompt_tokens;  // of each row's tokens, how many pooling leaves out; empty: none of any row

    size_t rows() const noexcept { return row_starts.size() - 1; }
    size_t length(size_t row) const noexcept { return row_starts[row + 1] - row_starts[row]; }
    size_t prompt(size_t row) const noexcept { return prompt_tokens.empty() ? 0 : prompt_tokens[row]; }
    const uint32_t* row_ids(size_t row) const noexcept { return ids.data() + row_starts[row]; }
};

}  // namespace ovembed
