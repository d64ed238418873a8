// Stopping work that nobody waits for any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "core/error.h"

namespace ovembed {

// One piece of work that may be cancelled: by any thread, at any time, any number of times.
class Cancellation {
public:
    void cancel();
    bool cancelled() const noexcept { return m_cancelled; }
    // Throws error() once cancelled.
    void check() const;
    // What cancelled work fails with.
    static Error error() { return Error(ErrorCode::Closed, "The work was cancelled."); }

    // For as long as it lives, cancel() calls `stop`, which must not throw; once it is gone, `stop` is neither called
    // nor running. So a late cancel() cannot hit what the same thread does next
    // (CancelInference.DoesNotHitTheNextBatchOfTheRequest).
    class Scope {
    public:
        Scope(Cancellation& work, std::function<void()> stop);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        Cancellation& m_work;
    };

private:
    std::atomic<bool> m_cancelled{false};
    std::mutex m_mutex;
    std::function<void()> m_stop;
};

// Work by the numbers that its caller gave it. A number is known for as long as somebody holds its work; given to two
// pieces at once, it means both.
class Cancellations {
public:
    std::shared_ptr<Cancellation> begin(uint64_t number);
    // Nothing happens if no work of that number is under way.
    void cancel(uint64_t number);
    size_t size() const;

private:
    struct Table {
        std::mutex mutex;
        std::unordered_multimap<uint64_t, Cancellation*> works;

        void forget(uint64_t number, const Cancellation* work) noexcept;
    };

    // Shared with the works, which may outlive this.
    std::shared_ptr<Table> m_table = std::make_shared<Table>();
};

}  // namespace ovembed
