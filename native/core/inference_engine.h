// One compiled model, its infer requests and the threads that drive them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/batch.h"
#include "core/cancellation.h"
#include "core/compile.h"
#include "core/error.h"
#include "core/run_gate.h"
#include "core/semaphore.h"

namespace ovembed {

using Clock = std::chrono::steady_clock;

inline uint32_t micros_between(Clock::time_point from, Clock::time_point to) {
    return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(to - from).count());
}

struct InferenceTimings {
    uint32_t queue_micros;  // from submit() until a stream was free, filling the input included
    uint32_t infer_micros;  // running the model
};

// A batch and what is to happen with its output. Both functions run on an engine thread and must not throw; exactly
// one of them is called, once. The hidden states are only valid during the call. A job that is cancelled fails with
// ERR_CLOSED: it never starts, or, where there is one stream and the batch is not small, ends within an operation or
// two of the graph, else with the batch.
struct InferenceJob {
    Batch batch;
    std::function<bool()> wanted;  // asked once before work starts; a job no longer wanted fails with ERR_CLOSED
    std::function<void(const HiddenStates&, InferenceTimings)> on_output;
    std::function<void(const Error&)> on_error;
    std::shared_ptr<Cancellation> cancellation{};  // null: not to be cancelled
    Clock::time_point submitted{};                 // set by submit()
};

// Shared by all pipelines of a process that want the same model, device and properties: see open().
class InferenceEngine {
public:
    // Reads and compiles the model, or imports it from the blob file; or returns the engine that already runs it in
    // this process. Blocks for as long as that takes. Throws Error.
    static std::shared_ptr<InferenceEngine> open(const EngineOptions& options);

    explicit InferenceEngine(const EngineOptions& options);
    // Waits for the batches that are being inferred; those still queued fail with ERR_CLOSED.
    ~InferenceEngine();
    InferenceEngine(const InferenceEngine&) = delete;
    InferenceEngine& operator=(const InferenceEngine&) = delete;

    // Takes a validated batch. Never blocks. Throws Error(Closed) in a forked child (core/fork.h).
    void submit(InferenceJob job);

    // For a device that does not return: open() makes another engine from now on.
    void retire() noexcept { m_retired = true; }
    bool retired() const noexcept { return m_retired; }
    // Batches that a thread has begun and not ended.
    int running() const noexcept { return m_running; }

    // Jobs to hand over at once so that no stream ever waits: one more than there are streams, whose input is filled
    // and whose predecessor's output is pooled while the streams work.
    size_t concurrency() const noexcept { return m_workers.size(); }
    size_t hidden() const noexcept { return m_ports.hidden; }
    size_t vocabulary() const noexcept { return m_compiled.vocabulary; }
    size_t max_positions() const noexcept { return m_compiled.max_positions; }
    bool pooled() const noexcept { return m_ports.pooled; }
    bool masked() const noexcept { return m_ports.attention_mask.has_value(); }
    quantization::Stored quantization() const noexcept { return m_compiled.quantization; }
    bool from_blob() const noexcept { return m_from_blob; }
    const std::string& blob_problem() const noexcept { return m_blob_problem; }
    int streams() const noexcept { return m_streams; }
    int threads() const noexcept { return m_threads; }
    std::vector<std::string> execution_devices() const;

private:
    void load(const EngineOptions& options);
    void start_workers();
    void stop_workers();
    void work(ov::InferRequest request);
    void run(InferenceJob& job, ov::InferRequest& request);
    void infer_once(InferenceJob& job, ov::InferRequest& request);
    void release_weights_once() noexcept;

    CompiledModel m_compiled;
    std::atomic<bool> m_weights_released{false};
    ModelPorts m_ports;
    bool m_from_blob = false;
    std::string m_blob_problem;
    std::string m_device;
    int m_streams;
    int m_threads;
    std::atomic<bool> m_retired{false};
    std::atomic<int> m_running{0};

    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<InferenceJob> m_jobs;
    bool m_stopping = false;
    std::vector<std::thread> m_workers;

    RunGate m_gate;
    Semaphore m_free_streams;  // so that waiting for a stream is not taken for inference
};

}  // namespace ovembed
