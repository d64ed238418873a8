// Rows of one width that more are added to while they are read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace ovembed {

// Memory in chunks of some megabytes, so that growing copies next to nothing and what is being read stays where it is.
// One thread writes; what a snapshot holds may be read by any, for as long as they like.
class RowStore {
public:
    struct Chunk {
        std::shared_ptr<std::byte> rows;  // aligned to a cache line at least
        std::shared_ptr<float> norms;     // none where they are not kept
        size_t capacity = 0;
    };

    struct Snapshot {
        std::vector<Chunk> chunks;  // all but the last hold `rows_per_chunk`
        size_t rows_per_chunk = 0;
        size_t length = 0;
    };

    RowStore(size_t row_bytes, bool with_norms);

    size_t length() const noexcept { return m_length; }
    size_t bytes() const noexcept;
    Snapshot snapshot() const { return {m_chunks, m_rows_per_chunk, m_length}; }

    // Calls `write(rows, norms, offset, count)` for the places of rows first … first + count, chunk by chunk; `offset`
    // counts from `first`. They are not seen before they are published. Throws std::bad_alloc, and then nothing is
    // written.
    template <typename Write>
    void write(size_t first, size_t count, const Write& write) {
        reserve(first + count);
        for (size_t done = 0; done < count;) {
            const Chunk& chunk = m_chunks[(first + done) / m_rows_per_chunk];
            const size_t begin = (first + done) % m_rows_per_chunk;
            const size_t part = std::min(count - done, chunk.capacity - begin);
            write(chunk.rows.get() + begin * m_row_bytes, chunk.norms ? chunk.norms.get() + begin : nullptr, done,
                  part);
            done += part;
        }
    }

    // Rows up to here are in snapshots taken from now on.
    void publish(size_t length) noexcept { m_length = length; }

private:
    void reserve(size_t rows);
    Chunk make_chunk(size_t capacity) const;

    size_t m_row_bytes;
    bool m_with_norms;
    size_t m_rows_per_chunk;
    std::vector<Chunk> m_chunks;
    size_t m_length = 0;
};

}  // namespace ovembed
