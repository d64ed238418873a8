// Exact search: every row is compared with the query, as FAISS' IndexFlat does it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/cancellation.h"
#include "core/thread_pool.h"
#include "core/vectors/row_store.h"
#include "core/vectors/search_query.h"

namespace ovembed {

struct SearchOptions {
    // Hits wanted per query; there are no more than there are rows, or candidates.
    size_t k = 0;
    // Where not empty: the rows that are looked at, in one list for all queries or in one for each. In any order; rows
    // named twice count once.
    std::vector<std::vector<uint32_t>> candidates;
};

// What a place holds for which there is no row: a query with fewer candidates than others.
constexpr uint32_t kNoRow = 0xFFFFFFFF;

// Best first, row-major, `k` for each query. Similarities (dot, cosine) or distances. Scores that are NaN come last.
struct SearchResult {
    size_t k = 0;
    std::vector<uint32_t> indices;
    std::vector<float> scores;
};

struct SearchHandlers {
    // Asked now and then; where false, the search ends with ERR_CLOSED.
    std::function<bool()> alive;
    // One of the two is called once, on any thread; neither where the process ends first (Activity::stopping).
    std::function<void(SearchResult)> on_done;
    std::function<void(std::exception_ptr)> on_error;
    std::shared_ptr<const Cancellation> work;  // or null
};

// For one thread, but for what a search reads: rows that are added, and the end of the index, do not disturb a search
// that is under way.
class FlatIndex {
public:
    // Throws Error(InvalidArgument), see RowFormat::check().
    explicit FlatIndex(RowFormat format);

    const RowFormat& format() const noexcept { return *m_format; }
    size_t length() const noexcept { return m_rows.length(); }
    size_t bytes() const noexcept { return m_rows.bytes(); }

    // Copies `count` rows to the places from `first` on, which may not be published yet. Throws std::bad_alloc, or
    // Error(InvalidArgument) for places that don't follow what is there.
    void write(size_t first, const void* rows, size_t count);
    // Searches that begin from now on see the first `length` rows.
    void publish(size_t length);

    // Returns at once. `queries` holds `count` vectors of `type`, and is read before this returns. Throws
    // Error(InvalidArgument) for lists of candidates that are not as many as the queries; on_error has it for a
    // candidate that is no row.
    void search(const void* queries, size_t count, VectorType type, SearchOptions options, ThreadPool& pool,
                SearchHandlers handlers) const;

private:
    std::shared_ptr<const RowFormat> m_format;
    RowStore m_rows;
    size_t m_written = 0;
};

}  // namespace ovembed
