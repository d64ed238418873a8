#include "core/run_gate.h"

#include <exception>

namespace ovembed {

void RunGate::pass(const std::function<void()>& run, const std::function<void()>& repair) {
    for (;;) {
        const uint64_t entered = enter();
        try {
            run();
        } catch (...) {
            if (leave_in_the_middle(entered, repair)) throw;
            continue;
        }
        if (leave(entered)) return;
    }
}

uint64_t RunGate::enter() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return !m_repairing; });
    ++m_running;
    return m_repairs;
}

bool RunGate::leave(uint64_t entered) {
    const std::lock_guard lock(m_mutex);
    --m_running;
    m_changed.notify_all();
    return m_repairs == entered;
}

bool RunGate::leave_in_the_middle(uint64_t entered, const std::function<void()>& repair) {
    {
        std::unique_lock lock(m_mutex);
        --m_running;
        m_changed.notify_all();
        if (m_repairs != entered) return false;
        ++m_repairs;
        m_repairing = true;
        m_changed.wait(lock, [this] { return m_running == 0; });
    }
    try {
        repair();
    } catch (const std::exception&) {
        // The next run tells what is wrong.
    }
    const std::lock_guard lock(m_mutex);
    m_repairing = false;
    m_changed.notify_all();
    return true;
}

}  // namespace ovembed
