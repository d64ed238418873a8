#include "core/thread_pool.h"

#include "core/activity.h"
#include "core/fork.h"

namespace ovembed {

ThreadPool::ThreadPool(size_t threads) {
    m_threads.reserve(threads);
    try {
        for (size_t i = 0; i < threads; ++i) m_threads.emplace_back([this] { work(); });
    } catch (...) {
        stop();  // a thread that is not joined would end the process
        throw;
    }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
    {
        const std::lock_guard lock(m_mutex);
        m_stopping = true;
    }
    m_wake.notify_all();
    for (auto& thread : m_threads) thread.join();
}

void ThreadPool::run(std::function<void()> job) {
    refuse_forked_child();
    {
        const std::lock_guard lock(m_mutex);
        m_jobs.push_back(std::move(job));
    }
    m_wake.notify_one();
}

void ThreadPool::work() {
    for (;;) {
        std::unique_lock lock(m_mutex);
        m_wake.wait(lock, [this] { return m_stopping || !m_jobs.empty(); });
        if (m_jobs.empty()) return;
        const Activity::Scope at_work;
        const auto job = std::move(m_jobs.front());
        m_jobs.pop_front();
        lock.unlock();
        try {
            if (!Activity::stopping()) job();
        } catch (...) {
            // Only a job that ran out of memory while it reported that gets here. One lost report is better than the
            // end of the process, and of every other job with it.
        }
    }
}

}  // namespace ovembed
