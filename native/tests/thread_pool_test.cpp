#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>

#include "core/thread_pools.h"

namespace ovembed {
namespace {

TEST(ThreadPool, RunsEveryJobBeforeItIsGone) {
    std::atomic<int> ran{0};
    {
        ThreadPool pool(3);
        EXPECT_EQ(pool.size(), 3U);
        for (int i = 0; i < 1000; ++i) pool.run([&] { ++ran; });
    }
    EXPECT_EQ(ran, 1000);
}

TEST(ThreadPool, RunsInOrderOnOneThread) {
    std::vector<int> order;
    {
        ThreadPool pool(1);
        for (int i = 0; i < 100; ++i) pool.run([&order, i] { order.push_back(i); });
    }
    ASSERT_EQ(order.size(), 100U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadPool, WorksOnAsManyJobsAsItHasThreads) {
    std::promise<void> first;
    std::promise<void> second;
    auto first_done = first.get_future();
    auto second_done = second.get_future();
    ThreadPool pool(2);  // after what its jobs use
    // Each waits for the other: with one thread neither would end.
    pool.run([&] { first.set_value(), second_done.wait_for(std::chrono::seconds(30)); });
    pool.run([&] { second.set_value(); });
    EXPECT_EQ(first_done.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_EQ(second_done.wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST(ThreadPool, TakesJobsFromJobsAndFromManyThreads) {
    std::atomic<int> ran{0};
    {
        ThreadPool pool(2);
        std::vector<std::thread> callers;
        for (int t = 0; t < 4; ++t) {
            callers.emplace_back([&] {
                for (int i = 0; i < 100; ++i) pool.run([&] { pool.run([&] { ++ran; }); });
            });
        }
        for (auto& caller : callers) caller.join();
    }
    EXPECT_EQ(ran, 400);
}

TEST(ThreadPool, FreesAJobOnceItHasRun) {
    auto held = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = held;
    std::promise<void> later;
    ThreadPool pool(1);
    pool.run([held = std::move(held)] {});
    pool.run([&] { later.set_value(); });
    later.get_future().wait();
    EXPECT_TRUE(watch.expired());
}

TEST(ThreadPool, OutlivesAJobThatThrows) {
    std::promise<void> later;
    ThreadPool pool(1);
    pool.run([] { throw std::bad_alloc(); });
    pool.run([&] { later.set_value(); });
    EXPECT_EQ(later.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST(ThreadPools, AreMadeOnce) {
    EXPECT_EQ(&encode_pool(), &encode_pool());
    EXPECT_EQ(&load_pool(), &load_pool());
    EXPECT_GE(encode_pool().size(), 1U);
    EXPECT_LE(encode_pool().size(), 4U);
    EXPECT_NE(&encode_pool(), &load_pool());
}

}  // namespace
}  // namespace ovembed
