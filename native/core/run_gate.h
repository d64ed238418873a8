// Runs of a graph, and its repair after one that was left in the middle.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace ovembed {

// OpenVINO's CPU plugin (2026.4) updates the shapes of operations ahead of running them, and notes an operation's input
// shape only after it ran. A run that is stopped or fails in the middle so leaves operations with the outputs of its
// shape and the note of the one before; the next run of that earlier shape takes them for up to date and fails, or
// worse. A run of any other shape puts everything right (Cancel.LeavesEveryOtherBatchAlone).
//
// Requests of one compiled model share its graphs, one per stream, and nobody can tell which one a run had, so nothing
// is stopped on purpose where there are several (InferenceEngine::infer_once). From the moment a run is left in the
// middle until the repair, no other begins, and those that were under way are done again. One that fails may only have
// been the first to meet what another left behind, which is about to say so: it is done again too, after the repair and
// alone, and how that ends is its own.
class RunGate {
public:
    // Runs `run`, more than once if need be, and throws what it throws when it runs alone. When it throws, `repair` is
    // run with no other run under way. What `repair` throws is dropped.
    void pass(const std::function<void()>& run, const std::function<void()>& repair);

private:
    uint64_t enter();
    // True if nobody left a run in the middle since enter().
    bool leave(uint64_t entered);
    // Waits until no other run is under way, and lets none begin.
    void close();
    void open();

    std::mutex m_mutex;
    std::condition_variable m_changed;
    uint64_t m_repairs = 0;
    bool m_closed = false;
    int m_running = 0;
};

}  // namespace ovembed
