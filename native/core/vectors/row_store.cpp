#include "core/vectors/row_store.h"

#include <algorithm>
#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ovembed {
namespace {

constexpr size_t kChunkBytes = size_t{8} << 20;
constexpr size_t kFirstChunkBytes = size_t{64} << 10;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kCacheLine = 64;

// A scan reads as fast as memory is, and with pages of 4 KB it is not at its fastest: NumPy asks for huge ones as well.
std::shared_ptr<std::byte> allocate(size_t bytes) {
    const bool huge = bytes >= kHugePage;
    const auto alignment = static_cast<std::align_val_t>(huge ? kHugePage : kCacheLine);
    auto* memory = static_cast<std::byte*>(::operator new(bytes, alignment));
    std::shared_ptr<std::byte> owner(memory,
                                     [alignment](std::byte* pointer) { ::operator delete(pointer, alignment); });
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (huge) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
    return owner;
}

}  // namespace

RowStore::RowStore(size_t row_bytes, bool with_norms)
    : m_row_bytes(row_bytes),
      m_with_norms(with_norms),
      m_rows_per_chunk(std::max<size_t>(1, kChunkBytes / row_bytes)) {}

size_t RowStore::bytes() const noexcept {
    size_t rows = 0;
    for (const Chunk& chunk : m_chunks) rows += chunk.capacity;
    return rows * (m_row_bytes + (m_with_norms ? sizeof(float) : 0));
}

// The first chunk grows until it is as large as the others: an index of a few rows takes a few kilobytes.
void RowStore::reserve(size_t rows) {
    const size_t capacity = m_chunks.empty() ? 0 : m_chunks[0].capacity;
    if (capacity < std::min(rows, m_rows_per_chunk)) {
        const size_t smallest = std::max<size_t>(1, kFirstChunkBytes / m_row_bytes);
        const size_t doubled = m_chunks.empty() ? smallest : 2 * capacity;
        Chunk chunk = make_chunk(std::min(m_rows_per_chunk, std::max(rows, doubled)));
        if (m_chunks.empty()) {
            m_chunks.push_back(std::move(chunk));
        } else {
            // What is not published yet is copied too.
            std::memcpy(chunk.rows.get(), m_chunks[0].rows.get(), capacity * m_row_bytes);
            if (m_with_norms) std::copy_n(m_chunks[0].norms.get(), capacity, chunk.norms.get());
            m_chunks[0] = std::move(chunk);
        }
    }
    while (m_chunks.size() * m_rows_per_chunk < rows && m_chunks[0].capacity == m_rows_per_chunk) {
        m_chunks.push_back(make_chunk(m_rows_per_chunk));
    }
}

RowStore::Chunk RowStore::make_chunk(size_t capacity) const {
    Chunk chunk{allocate(capacity * m_row_bytes), nullptr, capacity};
    if (m_with_norms) chunk.norms.reset(new float[capacity], std::default_delete<float[]>());
    return chunk;
}

}  // namespace ovembed
