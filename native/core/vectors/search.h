// One search that is under way, on several threads at once.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "core/vectors/flat_index.h"
#include "core/vectors/top_k.h"

namespace ovembed {

// The work is cut into pieces: a block of rows against all queries, so that rows are read from memory once however many
// queries there are; or, with candidates, one query against its own. Lanes take the pieces one after another, each with
// hits of its own, and the last lane to find none left puts them together.
//
// A lane gives its thread back every few milliseconds and queues up again: a short search does not wait for a long one.
class Search : public std::enable_shared_from_this<Search> {
public:
    // Throws Error(InvalidArgument) for candidates that are no rows, or not those of as many queries.
    Search(std::shared_ptr<const RowFormat> format, RowStore::Snapshot rows, std::vector<SearchQuery> queries,
           SearchOptions options, SearchHandlers handlers);

    void start(ThreadPool& pool);

private:
    struct Lane {
        std::vector<TopK> hits;  // of every query
        std::vector<float> keys;
    };

    void check_candidates(std::vector<uint32_t>& rows) const;
    void queue(size_t lane);
    void take_turn(size_t lane);
    bool work_on(Lane& lane);
    void score_block(Lane& lane, size_t block);
    void score_candidates(Lane& lane, size_t query);
    void check_wanted() const;
    void fail() noexcept;
    void end_lane();
    SearchResult put_together();

    size_t blocks_per_chunk() const;

    std::shared_ptr<const RowFormat> m_format;
    RowStore::Snapshot m_rows;
    std::vector<SearchQuery> m_queries;
    SearchOptions m_options;
    SearchHandlers m_handlers;
    ThreadPool* m_pool = nullptr;

    size_t m_block_rows = 0;
    size_t m_pieces = 0;
    std::vector<Lane> m_lanes;
    std::atomic<size_t> m_next_piece{0};
    std::atomic<size_t> m_lanes_left{0};
    std::mutex m_mutex;
    std::exception_ptr m_error;  // the first
};

}  // namespace ovembed
