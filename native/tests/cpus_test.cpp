#include "core/cpus.h"

#include <gtest/gtest.h>

#include <limits>

#ifdef __linux__
#include <sched.h>
#endif

#include "tests/temp_folder.h"

namespace ovembed {
namespace {

TEST(Cpus, IsAtLeastOne) { EXPECT_GE(available_cpus(), 1); }

TEST(Cpus, OfTheFastestKindAreAmongThoseAllowed) {
    const testing::TempFolder folder;
    const std::set<int> all{0, 1, 2, 3, 4, 5, 6, 7};
    const double unlimited = std::numeric_limits<double>::infinity();
    const auto count = [&](const std::string& list, const std::set<int>& allowed, double quota) {
        testing::write_file(folder.file("cpus"), list);
        return performance_cpus(allowed, quota, folder.file("cpus"));
    };
    EXPECT_EQ(count("0-3\n", all, unlimited), 4);
    EXPECT_EQ(count("0-1,4,6-7\n", all, unlimited), 5);
    EXPECT_EQ(count("5\n", all, unlimited), 1);
    EXPECT_EQ(count("0-15\n", all, unlimited), 8);
    EXPECT_EQ(count("0-3\n", {2, 3, 4, 5}, unlimited), 2) << "the affinity mask cuts";
    EXPECT_EQ(count("0-3\n", all, 2.9), 2) << "and so does the quota";
    EXPECT_EQ(count("0-3\n", all, 0.5), 1);
    EXPECT_EQ(count("0-3\n", {4, 5, 6}, unlimited), 3) << "none of the fast ones is ours";
}

TEST(Cpus, AreOfOneKindUnlessTheSystemSaysOtherwise) {
    const testing::TempFolder folder;
    const std::set<int> allowed{0, 1, 2, 5};
    EXPECT_EQ(performance_cpus(allowed, 100, folder.file("missing")), 4);
    EXPECT_EQ(performance_cpus(allowed, 3, folder.file("missing")), 3);
    for (const char* unreadable : {"", "\n", "all\n", "-\n"}) {
        testing::write_file(folder.file("cpus"), unreadable);
        EXPECT_EQ(performance_cpus(allowed, 100, folder.file("cpus")), 4) << unreadable;
    }
    EXPECT_GE(performance_cpus(), 1);
    EXPECT_LE(performance_cpus(), available_cpus());
}

#ifdef __linux__
TEST(Cpus, FollowsTheAffinityMask) {
    cpu_set_t before;
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    EXPECT_LE(available_cpus(), CPU_COUNT(&before));

    int first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(available_cpus(), 1);
    EXPECT_EQ(performance_cpus(), 1);
    sched_setaffinity(0, sizeof before, &before);
}
#endif

}  // namespace
}  // namespace ovembed
