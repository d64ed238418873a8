#include "core/vectors/search.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <string>

#include "core/activity.h"

namespace ovembed {
namespace {

// A block stays in the second-level cache of a core while query after query is compared with it.
constexpr size_t kBlockBytes = size_t{256} << 10;
constexpr size_t kMostBlockRows = 4096;

constexpr std::chrono::milliseconds kTurn{2};

// Queries after which a piece of work that takes longer than a turn looks whether it is still wanted.
constexpr size_t kLookAfter = 64;

}  // namespace

Search::Search(std::shared_ptr<const RowFormat> format, RowStore::Snapshot rows, std::vector<SearchQuery> queries,
               SearchOptions options, SearchHandlers handlers)
    : m_format(std::move(format)),
      m_rows(std::move(rows)),
      m_queries(std::move(queries)),
      m_options(std::move(options)),
      m_handlers(std::move(handlers)) {
    const size_t lists = m_options.candidates.size();
    if (lists > 1 && lists != m_queries.size()) {
        throw Error(ErrorCode::InvalidArgument, "Expected candidates for " + std::to_string(m_queries.size()) +
                                                    " queries, received those for " + std::to_string(lists) + ".");
    }
    m_block_rows =
        std::clamp<size_t>(kBlockBytes / m_format->row_bytes(), 1, std::min(kMostBlockRows, m_rows.rows_per_chunk));
}

void Search::start(ThreadPool& pool) {
    m_pool = &pool;
    begin(m_options.candidates.empty() ? Stage::Scoring : Stage::Sorting);
}

// Lanes of the stage before, if there was one, have ended.
void Search::begin(Stage stage) {
    m_stage = stage;
    if (stage == Stage::Sorting) {
        m_pieces = m_options.candidates.size();
    } else if (m_options.candidates.empty()) {
        cut_into_blocks();
    } else {
        cut_candidates();
    }
    if (m_queries.empty() || m_options.k == 0) m_pieces = 0;
    m_lanes.resize(std::clamp<size_t>(m_pieces, 1, m_pool->size()));
    if (stage == Stage::Scoring) {
        for (Lane& lane : m_lanes) lane.hits.assign(m_queries.size(), TopK(m_options.k));
    }
    m_next_piece = 0;
    // A lane that is queued may end before the next one is: the number is not read again.
    const size_t lanes = m_lanes.size();
    m_lanes_left = lanes;
    for (size_t lane = 0; lane < lanes; ++lane) queue(lane);
}

size_t Search::blocks_per_chunk() const { return (m_rows.rows_per_chunk + m_block_rows - 1) / m_block_rows; }

void Search::cut_into_blocks() {
    m_options.k = std::min(m_options.k, m_rows.length);
    const size_t whole_chunks = m_rows.length / m_rows.rows_per_chunk;
    const size_t rest = m_rows.length % m_rows.rows_per_chunk;
    m_pieces = whole_chunks * blocks_per_chunk() + (rest + m_block_rows - 1) / m_block_rows;
}

void Search::cut_candidates() {
    const auto& lists = m_options.candidates;
    const size_t queries = lists.size() == 1 ? m_queries.size() : 1;
    size_t most = 0;
    m_pieces = 0;
    for (size_t list = 0; list < lists.size(); ++list) {
        m_parts.push_back({list, queries, m_pieces});
        m_pieces += (lists[list].size() + m_block_rows - 1) / m_block_rows;
        most = std::max(most, lists[list].size());
    }
    m_options.k = std::min(m_options.k, most);
}

// In order, so that rows are read in theirs, and each once.
void Search::sort_candidates(std::vector<uint32_t>& rows) const {
    if (!std::is_sorted(rows.begin(), rows.end())) std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    if (rows.empty() || rows.back() < m_rows.length) return;
    throw Error(ErrorCode::InvalidArgument, "Candidate " + std::to_string(rows.back()) +
                                                " is no row: the index holds " + std::to_string(m_rows.length) + ".");
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
        work_on_piece(lane, piece);
    }
    return true;
}

void Search::work_on_piece(Lane& lane, size_t piece) {
    if (m_stage == Stage::Sorting) {
        sort_candidates(m_options.candidates[piece]);
    } else if (m_options.candidates.empty()) {
        score_block(lane, piece);
    } else {
        score_candidates(lane, piece);
    }
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

void Search::score_candidates(Lane& lane, size_t piece) {
    const auto after = std::upper_bound(m_parts.begin(), m_parts.end(), piece,
                                        [](size_t value, const Part& part) { return value < part.first_piece; });
    const Part& part = *std::prev(after);
    const auto& candidates = m_options.candidates[static_cast<size_t>(&part - m_parts.data())];
    const size_t begin = (piece - part.first_piece) * m_block_rows;
    const size_t end = std::min(begin + m_block_rows, candidates.size());
    for (size_t i = 0; i < part.queries; ++i) {
        if (i % kLookAfter == kLookAfter - 1) check_wanted();
        const size_t query = part.first_query + i;
        for (size_t at = begin; at < end; ++at) {
            const size_t row = candidates[at] % m_rows.rows_per_chunk;
            const auto& [rows, norms, capacity] = m_rows.chunks[candidates[at] / m_rows.rows_per_chunk];
            float key = 0;
            m_queries[query].score(rows.get() + row * m_format->row_bytes(), norms ? norms.get() + row : nullptr, 1,
                                   &key);
            lane.hits[query].offer({key, candidates[at]});
        }
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
    if (m_stage == Stage::Sorting && !m_error) {
        try {
            return begin(Stage::Scoring);
        } catch (...) {
            fail();
        }
    }
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
