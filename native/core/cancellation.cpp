#include "core/cancellation.h"

namespace ovembed {

void Cancellation::cancel() {
    const std::lock_guard lock(m_mutex);
    m_cancelled = true;
    if (m_stop) m_stop();
}

void Cancellation::check() const {
    if (m_cancelled) throw error();
}

Cancellation::Scope::Scope(Cancellation& work, std::function<void()> stop) : m_work(work) {
    const std::lock_guard lock(work.m_mutex);
    work.m_stop = std::move(stop);
}

Cancellation::Scope::~Scope() {
    const std::lock_guard lock(m_work.m_mutex);
    m_work.m_stop = nullptr;
}

std::shared_ptr<Cancellation> Cancellations::begin(uint64_t number) {
    std::shared_ptr<Cancellation> work(new Cancellation(), [table = m_table, number](Cancellation* ended) {
        table->forget(number, ended);
        delete ended;
    });
    const std::lock_guard lock(m_table->mutex);
    m_table->works.emplace(number, work.get());
    return work;
}

void Cancellations::cancel(uint64_t number) {
    // What is in the table is alive while the lock is held: its end takes it out first.
    const std::lock_guard lock(m_table->mutex);
    const auto [begin, end] = m_table->works.equal_range(number);
    for (auto it = begin; it != end; ++it) it->second->cancel();
}

size_t Cancellations::size() const {
    const std::lock_guard lock(m_table->mutex);
    return m_table->works.size();
}

void Cancellations::Table::forget(uint64_t number, const Cancellation* work) noexcept {
    const std::lock_guard lock(mutex);
    const auto [begin, end] = works.equal_range(number);
    for (auto it = begin; it != end; ++it) {
        if (it->second != work) continue;
        works.erase(it);
        return;
    }
}

}  // namespace ovembed
