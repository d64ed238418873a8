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
// queries there are; or, with candidates, a block of a list against the queries that it is for. Lanes take the pieces
// one after another, each with hits of its own, and the last lane to find none left puts them together. Lists of
// candidates are sorted and checked before, a list to a piece.
//
// A lane gives its thread back after the piece that ends a few milliseconds of work, and queues up again: a short
// search does not wait for a long one. A piece takes about a millisecond for a hundred queries of 384 dimensions, some
// 10 ms for as many of 16, and longer for more queries; the longest is the sorting of a list (1,000,000 candidates: 60
// ms).
class Search : public std::enable_shared_from_this<Search> {
public:
    // Throws Error(InvalidArgument) for candidates that are not those of as many queries.
    Search(std::shared_ptr<const RowFormat> format, RowStore::Snapshot rows, std::vector<SearchQuery> queries,
           SearchOptions options, SearchHandlers handlers);

    void start(ThreadPool& pool);

private:
    struct Lane {
        std::vector<TopK> hits;  // of every query
        std::vector<float> keys;
    };

    // What a piece is.
    enum class Stage { Sorting, Scoring };

    // A list of candidates: the queries it is for, and the first of the pieces it is cut into.
    struct Part {
        size_t first_query;
        size_t queries;
        size_t first_piece;
    };

    void begin(Stage stage);
    void cut_into_blocks();
    void cut_candidates();
    void work_on_piece(Lane& lane, size_t piece);
    void sort_candidates(std::vector<uint32_t>& rows) const;
    void queue(size_t lane);
    void take_turn(size_t lane);
    bool work_on(Lane& lane);
    void score_block(Lane& lane, size_t block);
    void score_candidates(Lane& lane, size_t piece);
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
    Stage m_stage = Stage::Scoring;
    size_t m_pieces = 0;
    std::vector<Part> m_parts;
    std::vector<Lane> m_lanes;
    std::atomic<size_t> m_next_piece{0};
    std::atomic<size_t> m_lanes_left{0};
    std::mutex m_mutex;
    std::exception_ptr m_error;  // the first
};

}  // namespace ovembed
