#include "core/run_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

namespace ovembed {
namespace {

TEST(RunGate, LeavesAGoodRunAlone) {
    RunGate gate;
    int runs = 0;
    gate.pass([&] { ++runs; }, [] { FAIL() << "there is nothing to repair"; });
    EXPECT_EQ(runs, 1);
}

TEST(RunGate, ThrowsWhatFailsAfterTheRepairToo) {
    RunGate gate;
    int runs = 0;
    int repairs = 0;
    const auto fail = [&] { throw std::runtime_error("run " + std::to_string(++runs)); };
    const auto repair = [&] {
        ++repairs;
        throw std::runtime_error("a repair that fails");
    };
    try {
        gate.pass(fail, repair);
        FAIL() << "it has to throw";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "run 2");
    }
    EXPECT_EQ(repairs, 2) << "the second run was left in the middle as well";
    gate.pass([&] { ++runs; }, repair);
    EXPECT_EQ(runs, 3);
}

TEST(RunGate, DoesAgainWhatWasUnderWay) {
    RunGate gate;
    std::promise<void> begun;
    std::promise<void> failed;
    int runs = 0;
    int runs_at_repair = -1;
    std::thread other([&] {
        const auto run = [&] {
            if (++runs > 1) return;
            begun.set_value();
            failed.get_future().wait();
            // Under way when the failure is: it is known to the gate only a moment after it is thrown.
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        };
        gate.pass(run, [] { FAIL() << "it is not the one that failed"; });
    });
    begun.get_future().wait();
    bool once = false;
    const auto fail_once = [&] {
        if (once) return;
        once = true;
        failed.set_value();
        throw std::runtime_error("stopped");
    };
    gate.pass(fail_once, [&] { runs_at_repair = runs; });
    other.join();
    EXPECT_EQ(runs_at_repair, 1);
    EXPECT_EQ(runs, 2);
}

// A graph that one run in some leaves broken, so that whoever comes next fails, be it that run or another.
TEST(RunGate, RepairsWithNobodyElseUnderWayAndFailsNobodyElse) {
    RunGate gate;
    std::atomic<bool> broken{false};
    std::atomic<int> under_way{0};
    std::atomic<int> innocent_failures{0};
    const auto pass = [&](bool guilty) {
        const auto run = [&, stopped = false]() mutable {
            if (guilty && stopped) return;
            ++under_way;
            std::this_thread::yield();
            const bool fails = broken || guilty;
            if (guilty) stopped = broken = true;
            --under_way;
            if (fails) throw std::runtime_error("left in the middle");
        };
        const auto repair = [&] {
            EXPECT_EQ(under_way, 0);
            broken = false;
        };
        try {
            gate.pass(run, repair);
        } catch (const std::runtime_error&) {
            ++innocent_failures;
        }
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 2000; ++i) pass((i + t) % 7 == 0);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(innocent_failures, 0);
}

}  // namespace
}  // namespace ovembed
