#include "core/activity.h"

#include <atomic>
#include <thread>

#include "core/fork.h"

namespace ovembed {
namespace {

std::atomic<int> busy_threads{0};
std::atomic<bool> stop_requested{false};

}  // namespace

// Sequentially consistent on purpose: either stop() sees this thread at work, or this thread sees stopping().
Activity::Scope::Scope() noexcept { ++busy_threads; }

Activity::Scope::~Scope() { --busy_threads; }

bool Activity::stopping() noexcept { return stop_requested; }

void Activity::stop(std::chrono::milliseconds limit) noexcept {
    stop_requested = true;
    // Polled, as it happens once per process and a condition variable would cost every job a lock.
    const auto end = std::chrono::steady_clock::now() + limit;
    while (busy_threads > 0 && !in_forked_child() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

}  // namespace ovembed
