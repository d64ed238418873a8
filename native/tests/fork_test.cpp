#include "core/fork.h"

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "core/activity.h"
#include "core/thread_pools.h"
#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/expect.h"

namespace ovembed {
namespace {

using testing::expect_error;

// Whether `check` comes to its end, without a failure, in a forked child and in time.
bool passes_in_child(const std::function<void()>& check) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);  // ends a child that hangs
        check();
        _exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
}

#ifdef __SANITIZE_THREAD__
constexpr bool kCanFork = false;  // its runtime ends a child of a process with threads
#else
constexpr bool kCanFork = true;
#endif

TEST(Fork, AChildIsToldWhatItLacks) {
    if (!kCanFork) GTEST_SKIP() << "ThreadSanitizer does not live through a fork";
    const testing::TinyModel model;
    TextEmbeddingPipeline pipeline(InferenceEngine::open(testing::engine_options(model)), {});
    const auto embed = [&] { return testing::embed(pipeline, testing::parts_of({{2, 5, 3}}), testing::pooled(4)); };
    const auto before = embed().data;
    EXPECT_FALSE(in_forked_child());
    EXPECT_TRUE(passes_in_child([&] {
        EXPECT_TRUE(in_forked_child());
        expect_error(ErrorCode::Closed, "forked", embed);
        expect_error(ErrorCode::Closed, "forked", [] { encode_pool().run([] {}); });
        expect_error(ErrorCode::Closed, "forked", [&] { InferenceEngine::open(testing::engine_options(model)); });
    }));
    EXPECT_EQ(embed().data, before);
}

TEST(Fork, AChildOfAProcessAtWorkEnds) {
    if (!kCanFork) GTEST_SKIP() << "ThreadSanitizer does not live through a fork";
    EXPECT_TRUE(passes_in_child([] {
        const Activity::Scope at_work;  // as a thread that the child does not have
        Activity::stop(std::chrono::seconds(30));
    }));
}

}  // namespace
}  // namespace ovembed
#endif
