// A few threads and a queue of jobs.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ovembed {

// Jobs report their own errors; what escapes from one is dropped. Threads are started with the pool and stop, after the
// queue is empty, with its destruction. When the process ends (Activity::stop), jobs that have not begun are dropped.
class ThreadPool {
public:
    explicit ThreadPool(size_t threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    // Throws Error(Closed) in a forked child (core/fork.h).
    void run(std::function<void()> job);
    size_t size() const noexcept { return m_threads.size(); }

private:
    void work();
    void stop();

    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<std::function<void()>> m_jobs;
    bool m_stopping = false;
    std::vector<std::thread> m_threads;
};

}  // namespace ovembed
