// The best of many keys.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace ovembed {

// A row and how well it fits: a larger key is better.
struct Hit {
    float key;
    uint32_t index;
};

// A total order: by key, NaN after every number, and of equal keys the lower index first. So what is best depends
// neither on the order in which rows are seen nor on how they are shared out to threads.
inline bool better(const Hit& a, const Hit& b) {
    if (a.key > b.key || a.key < b.key) return a.key > b.key;
    const bool a_is_number = !std::isnan(a.key);
    const bool b_is_number = !std::isnan(b.key);
    if (a_is_number != b_is_number) return a_is_number;
    return a.index < b.index;
}

// A heap of at most k hits, the worst on top.
class TopK {
public:
    explicit TopK(size_t k) : m_k(k) {}

    void offer(Hit hit) {
        if (m_hits.size() == m_k) {
            if (m_k == 0 || !better(hit, m_hits.front())) return;
            std::pop_heap(m_hits.begin(), m_hits.end(), better);
            m_hits.back() = hit;
        } else {
            m_hits.push_back(hit);
        }
        std::push_heap(m_hits.begin(), m_hits.end(), better);
        if (m_hits.size() == m_k) m_least = m_hits.front().key;
    }

    // The keys of rows that follow one another. Nearly all of them fall short, which is seen for many at once.
    void offer(const float* keys, size_t count, uint32_t first) {
        constexpr size_t kGroup = 64;
        for (size_t begin = 0; begin < count; begin += kGroup) {
            const size_t end = std::min(begin + kGroup, count);
            if (all_less(keys + begin, end - begin, m_least)) continue;
            for (size_t i = begin; i < end; ++i) {
                if (!(keys[i] < m_least)) offer({keys[i], first + static_cast<uint32_t>(i)});
            }
        }
    }

    void offer(const TopK& other) {
        for (const Hit& hit : other.m_hits) offer(hit);
    }

    // Best first. Leaves nothing.
    std::vector<Hit> take() {
        std::sort_heap(m_hits.begin(), m_hits.end(), better);
        return std::move(m_hits);
    }

private:
    // Without a branch for each, so that compilers vectorise it.
    static bool all_less(const float* keys, size_t count, float bound) {
        int others = 0;
        for (size_t i = 0; i < count; ++i) others |= static_cast<int>(!(keys[i] < bound));
        return others == 0;
    }

    size_t m_k;
    float m_least = -std::numeric_limits<float>::infinity();
    std::vector<Hit> m_hits;
};

}  // namespace ovembed
