// Encodings and batches made by hand.
#pragma once

#include <memory>
#include <numeric>
#include <vector>

#include "core/batch.h"
#include "core/encoding.h"

namespace ovembed::testing {

using Rows = std::vector<std::vector<uint32_t>>;

inline std::shared_ptr<const Encoding> encoding_of(const Rows& rows) {
    auto encoding = std::make_shared<Encoding>();
    for (const auto& row : rows) {
        encoding->ids.insert(encoding->ids.end(), row.begin(), row.end());
        encoding->row_starts.push_back(encoding->ids.size());
    }
    return encoding;
}

// All rows of one encoding, in order.
inline std::vector<BatchPart> parts_of(const Rows& rows) {
    std::vector<uint32_t> all(rows.size());
    std::iota(all.begin(), all.end(), 0U);
    return {{encoding_of(rows), all}};
}

}  // namespace ovembed::testing
