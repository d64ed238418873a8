#include "core/run_gate.h"

#include <exception>

namespace ovembed {
namespace {

void repaired(const std::function<void()>& repair) {
    try {
        repair();
    } catch (const std::exception&) {
        // The next run tells what is wrong.
    }
}

void run_repaired(const std::function<void()>& run, const std::function<void()>& repair) {
    repaired(repair);
    try {
        run();
    } catch (...) {
        repaired(repair);
        throw;
    }
}

}  // namespace

void RunGate::pass(const std::function<void()>& run, const std::function<void()>& repair) {
    for (;;) {
        const uint64_t entered = enter();
        try {
            run();
        } catch (...) {
            break;
        }
        if (leave(entered)) return;
    }
    close();
    try {
        run_repaired(run, repair);
    } catch (...) {
        open();
        throw;
    }
    open();
}

uint64_t RunGate::enter() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return !m_closed; });
    ++m_running;
    return m_repairs;
}

bool RunGate::leave(uint64_t entered) {
    const std::lock_guard lock(m_mutex);
    --m_running;
    m_changed.notify_all();
    return m_repairs == entered;
}

void RunGate::close() {
    std::unique_lock lock(m_mutex);
    --m_running;
    ++m_repairs;
    m_changed.notify_all();
    m_changed.wait(lock, [this] { return !m_closed; });
    m_closed = true;
    m_changed.wait(lock, [this] { return m_running == 0; });
}

void RunGate::open() {
    const std::lock_guard lock(m_mutex);
    m_closed = false;
    m_changed.notify_all();
}

}  // namespace ovembed
