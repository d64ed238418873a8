#include "core/vectors/search.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>

#include "core/activity.h"

namespace ovembed {
namespace {

// A block stays in the second-level cache of a core while query after query is compared with it.
constexpr size_t kBlockBytes = size_t{256} << 10;
constexpr size_t kMostBlockRows = 4096;

constexpr std::chrono::milliseconds kTurn{2};

// Queries, or candidates, after which a piece of work that takes longer than a turn looks whether it is still wanted.
constexpr size_t kLookAfter = 64;

}  // namespace

Search::Search(std::shared_ptr<const RowFormat> format, RowStore::Snapshot rows, std::vector<SearchQuery> queries,
               SearchOptions options, SearchHandlers handlers)
    : m_format(std::move(format)),
      m_rows(std::move(rows)),
      m_queries(std::move(queries)),
      m_options(std::move(options)),
      m_handlers(std::move(handlers)) {
    auto& candidates = m_options.candidates;
    size_t most = m_rows.length;
    if (!candidates.empty()) {
        if (candidates.size() != m_queries.size()) {
            throw Error(ErrorCode::InvalidArgument, "Expected candidates for " + std::to_string(m_queries.size()) +
                                                        " queries, received those for " +
                                                        std::to_string(candidates.size()) + ".");
        }
        most = 0;
        for (auto& rows_of_query : candidates) {
            check_candidates(rows_of_query);
            most = std::max(most, rows_of_query.size());
        }
    }
    m_options.k = std::min(m_options.k, most);
    m_block_rows =
        std::clamp<size_t>(kBlockBytes / m_format->row_bytes(), 1, std::min(kMostBlockRows, m_rows.rows_per_chunk));
    const size_t whole_chunks = m_rows.length / m_rows.rows_per_chunk;
    const size_t rest = m_rows.length % m_rows.rows_per_chunk;
    const size_t blocks = whole_chunks * blocks_per_chunk() + (rest + m_block_rows - 1) / m_block_rows;
    m_pieces = m_queries.empty() || m_options.k == 0 ? 0 : candidates.empty() ? blocks : m_queries.size();
}

size_t Search::blocks_per_chunk() const { return (m_rows.rows_per_chunk + m_block_rows - 1) / m_block_rows; }

void Search::check_candidates(std::vector<uint32_t>& rows) const {
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    if (rows.empty() || rows.back() < m_rows.length) return;
    throw Error(ErrorCode::InvalidArgument, "Candidate " + std::to_string(rows.back()) +
                                                " is no row: the index holds " + std::to_string(m_rows.length) + ".");
}

void Search::start(ThreadPool& pool) {
    m_pool = &pool;
    m_lanes.resize(std::clamp<size_t>(m_pieces, 1, pool.size()));
    for (Lane& lane : m_lanes) lane.hits.assign(m_queries.size(), TopK(m_options.k));
    m_lanes_left = m_lanes.size();
    for (size_t lane = 0; lane < m_lanes.size(); ++lane) queue(lane);
}

// A lane that cannot be queued has failed, and the search with it.
void Search::queue(size_t lane) {
    try {
        m_pool->run([self = shared_from_this(), lane] { self->take_turn(lane); });
    } catch (...) {
        fail();
        end_lane();
    }
}

void Search::take_turn(size_t lane) {
    bool more = false;
    try {
        more = work_on(m_lanes[lane]);
    } catch (...) {
        fail();
    }
    if (Activity::stopping()) return;  // nobody is told: there is nobody any more
    if (more) {
        queue(lane);
    } else {
        end_lane();
    }
}

// Until there is no piece left (false), or the turn is over.
bool Search::work_on(Lane& lane) {
    const auto end = std::chrono::steady_clock::now() + kTurn;
    while (std::chrono::steady_clock::now() < end) {
        check_wanted();
        const size_t piece = m_next_piece++;
        if (piece >= m_pieces) return false;
        if (m_options.candidates.empty()) {
            score_block(lane, piece);
        } else {
            score_candidates(lane, piece);
        }
    }
    return true;
}

void Search::check_wanted() const {
    if (Activity::stopping()) throw Error(ErrorCode::Closed, "The process is ending.");
    if (m_handlers.work) m_handlers.work->check();
    if (!m_handlers.alive()) throw Error(ErrorCode::Closed, "The environment is going down.");
}

void Search::score_block(Lane& lane, size_t block) {
    const size_t chunk = block / blocks_per_chunk();
    const size_t begin = block % blocks_per_chunk() * m_block_rows;
    const size_t first = chunk * m_rows.rows_per_chunk + begin;
    const size_t count = std::min({m_block_rows, m_rows.rows_per_chunk - begin, m_rows.length - first});
    const auto& [rows, norms, capacity] = m_rows.chunks[chunk];
    lane.keys.resize(m_block_rows);
    for (size_t query = 0; query < m_queries.size(); ++query) {
        if (query % kLookAfter == kLookAfter - 1) check_wanted();
        m_queries[query].score(rows.get() + begin * m_format->row_bytes(), norms ? norms.get() + begin : nullptr, count,
                               lane.keys.data());
        lane.hits[query].offer(lane.keys.data(), count, static_cast<uint32_t>(first));
    }
}

void Search::score_candidates(Lane& lane, size_t query) {
    const auto& candidates = m_options.candidates[query];
    for (size_t i = 0; i < candidates.size(); ++i) {
        if (i % kLookAfter == kLookAfter - 1) check_wanted();
        const size_t begin = candidates[i] % m_rows.rows_per_chunk;
        const auto& [rows, norms, capacity] = m_rows.chunks[candidates[i] / m_rows.rows_per_chunk];
        float key = 0;
        m_queries[query].score(rows.get() + begin * m_format->row_bytes(), norms ? norms.get() + begin : nullptr, 1,
                               &key);
        lane.hits[query].offer({key, candidates[i]});
    }
}

// Call it inside a catch block. The other lanes find no piece any more.
void Search::fail() noexcept {
    m_next_piece = m_pieces;
    const std::lock_guard lock(m_mutex);
    if (!m_error) m_error = std::current_exception();
}

void Search::end_lane() {
    if (--m_lanes_left > 0) return;
    SearchResult result;
    try {
        if (!m_error) result = put_together();
    } catch (...) {
        fail();
    }
    if (m_error) return m_handlers.on_error(m_error);
    m_handlers.on_done(std::move(result));
}

SearchResult Search::put_together() {
    const size_t k = m_options.k;
    SearchResult result{k, std::vector<uint32_t>(m_queries.size() * k, kNoRow),
                        std::vector<float>(m_queries.size() * k, std::numeric_limits<float>::quiet_NaN())};
    const float sign = is_distance(m_format->metric) ? -1.0F : 1.0F;
    for (size_t query = 0; query < m_queries.size(); ++query) {
        TopK& best = m_lanes[0].hits[query];
        for (size_t lane = 1; lane < m_lanes.size(); ++lane) best.offer(m_lanes[lane].hits[query]);
        const auto hits = best.take();
        for (size_t i = 0; i < hits.size(); ++i) {
            result.indices[query * k + i] = hits[i].index;
            result.scores[query * k + i] = sign * hits[i].key;
        }
    }
    return result;
}

}  // namespace ovembed
