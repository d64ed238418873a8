#include "core/vectors/flat_index.h"

#include <cstring>
#include <string>

#include "core/vectors/search.h"

namespace ovembed {
namespace {

// Rows are named by 32 bits, and the last name means none.
constexpr size_t kMostRows = kNoRow;

RowFormat checked(RowFormat format) {
    format.check();
    return format;
}

}  // namespace

FlatIndex::FlatIndex(RowFormat format)
    : m_format(std::make_shared<const RowFormat>(checked(std::move(format)))),
      m_rows(m_format->row_bytes(), m_format->metric == Metric::Cosine) {}

void FlatIndex::write(size_t first, const void* rows, size_t count) {
    if (first < length() || first > m_written) {
        throw Error(ErrorCode::InvalidArgument, "Rows can be written between row " + std::to_string(length()) +
                                                    " and row " + std::to_string(m_written) + ", not at " +
                                                    std::to_string(first) + ".");
    }
    if (count > kMostRows - first) {
        throw Error(ErrorCode::InvalidArgument, "An index holds at most " + std::to_string(kMostRows) + " rows.");
    }
    const size_t row_bytes = m_format->row_bytes();
    const auto* from = static_cast<const std::byte*>(rows);
    m_rows.write(first, count, [&](std::byte* to, float* norms, size_t offset, size_t part) {
        std::memcpy(to, from + offset * row_bytes, part * row_bytes);
        if (norms != nullptr) row_norms(*m_format, to, part, norms);
    });
    m_written = first + count;
}

void FlatIndex::publish(size_t length) {
    if (length < m_rows.length() || length > m_written) {
        throw Error(ErrorCode::InvalidArgument, "Expected between " + std::to_string(m_rows.length()) + " and " +
                                                    std::to_string(m_written) + " rows, received " +
                                                    std::to_string(length) + ".");
    }
    m_rows.publish(length);
}

void FlatIndex::search(const void* queries, size_t count, VectorType type, SearchOptions options, ThreadPool& pool,
                       SearchHandlers handlers) const {
    const size_t query_bytes = elements_per_row(type, m_format->dimensions) * element_bytes(type);
    std::vector<SearchQuery> prepared;
    prepared.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        prepared.emplace_back(*m_format, type, static_cast<const std::byte*>(queries) + i * query_bytes);
    }
    std::make_shared<Search>(m_format, m_rows.snapshot(), std::move(prepared), std::move(options), std::move(handlers))
        ->start(pool);
}

}  // namespace ovembed
