#include "core/heap.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

#ifdef __GLIBC__
#include <unistd.h>
#endif

namespace ovembed {
namespace {

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // those bring their own heap

size_t resident_bytes() {
    size_t total = 0;
    size_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST(Heap, GivesBackWhatWasFreedBelowABlockInUse) {
    constexpr size_t kBlock = 64 << 10;  // in the heap, not a mapping of its own
    constexpr size_t kBlocks = 1024;
    std::vector<std::unique_ptr<std::vector<char>>> blocks;
    for (size_t i = 0; i < kBlocks; ++i) blocks.push_back(std::make_unique<std::vector<char>>(kBlock, 'x'));
    const auto last = std::move(blocks.back());
    blocks.clear();
    const size_t before = resident_bytes();
    trim_heap();
    EXPECT_LT(resident_bytes() + kBlock * kBlocks / 2, before);
    EXPECT_EQ(last->back(), 'x');
}

#endif

}  // namespace
}  // namespace ovembed
