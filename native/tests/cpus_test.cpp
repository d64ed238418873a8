#include "core/cpus.h"

#include <gtest/gtest.h>

#ifdef __linux__
#include <sched.h>
#endif

namespace ovembed {
namespace {

TEST(Cpus, IsAtLeastOne) { EXPECT_GE(available_cpus(), 1); }

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
    sched_setaffinity(0, sizeof before, &before);
}
#endif

}  // namespace
}  // namespace ovembed
