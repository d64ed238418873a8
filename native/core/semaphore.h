// A counting semaphore (C++20 has one; this is C++17).
#pragma once

#include <condition_variable>
#include <mutex>

namespace ovembed {

class Semaphore {
public:
    explicit Semaphore(int count) : m_count(count) {}

    // Takes one, waiting until there is one, and gives it back when it goes out of scope.
    class Hold {
    public:
        explicit Hold(Semaphore& semaphore) : m_semaphore(semaphore) { m_semaphore.take(); }
        ~Hold() { m_semaphore.give(); }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

    private:
        Semaphore& m_semaphore;
    };

private:
    void take() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_count > 0; });
        --m_count;
    }

    void give() {
        {
            const std::lock_guard lock(m_mutex);
            ++m_count;
        }
        m_changed.notify_one();
    }

    std::mutex m_mutex;
    std::condition_variable m_changed;
    int m_count;
};

}  // namespace ovembed
