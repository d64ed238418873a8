#include "core/inference_engine.h"

#include <filesystem>
#include <map>
#include <openvino/openvino.hpp>

#include "core/activity.h"
#include "core/faults.h"
#include "core/fork.h"
#include "core/runtime.h"

namespace ovembed {
namespace {

HiddenType hidden_type(const ov::element::Type& type) {
    if (type == ov::element::bf16) return HiddenType::BF16;
    return type == ov::element::f16 ? HiddenType::F16 : HiddenType::F32;
}

// The model's output of one batch. Its shape is asked again, as the graph's own may leave it open: the CPU plugin
// computes shapes as it runs, and pooling would read beyond a smaller output.
HiddenStates hidden_states(const ov::Tensor& output, const ModelPorts& ports, const Batch& batch) {
    const size_t width = ports.pooled ? 1 : batch.width;
    const ov::Shape expected =
        ports.pooled ? ov::Shape{batch.rows(), ports.hidden} : ov::Shape{batch.rows(), width, ports.hidden};
    if (output.get_size() == 0) {
        // Seen when memory runs out while the CPU plugin runs: it ends without an exception, and without an output.
        throw Error(ErrorCode::OutOfMemory, "The device gave no output for a batch of " + std::to_string(batch.rows()) +
                                                " rows of " + std::to_string(batch.width) +
                                                " tokens. Not enough memory.");
    }
    if (output.get_shape() != expected) {
        throw Error(ErrorCode::ModelUnsupported, "Expected the shape " + expected.to_string() +
                                                     " for the model's output, received " +
                                                     output.get_shape().to_string() + ".");
    }
    return {output.data(), hidden_type(ports.output_type), width, ports.hidden};
}

// The size and time of a file, which change when it is replaced.
std::string stamp(const std::string& file) {
    namespace fs = std::filesystem;
    std::error_code missing;
    const auto time = fs::last_write_time(fs::u8path(file), missing).time_since_epoch().count();
    const auto size = fs::file_size(fs::u8path(file), missing);
    return std::to_string(time) + ' ' + std::to_string(size);
}

// What makes two engines the same. A model replaced on disk is another model; where its blob is kept is no difference.
std::string identity(const EngineOptions& options) {
    std::string key;
    for (const std::string& file : files_of(options.source)) key += file + '\n' + stamp(file) + '\n';
    for (const std::string& part :
         {options.device, options.precision, std::to_string(options.int8_weights),
          std::to_string(options.int8_activations), std::to_string(options.streams), std::to_string(options.threads)}) {
        key += part + '\n';
    }
    if (options.shape) key += options.shape->to_string();
    return key;
}

// An engine that somebody runs or loads, held weakly: the last pipeline to let go frees it.
struct Slot {
    std::mutex loading;
    std::weak_ptr<InferenceEngine> engine;
};

// The slot of this process for `key`. The table is never destroyed, as the runtime is not.
std::shared_ptr<Slot> slot_for(const std::string& key) {
    static auto* mutex = new std::mutex();
    static auto* slots = new std::map<std::string, std::shared_ptr<Slot>>();
    const std::lock_guard lock(*mutex);
    for (auto it = slots->begin(); it != slots->end();) {
        const bool unused = it->second.use_count() == 1 && it->second->engine.expired();
        it = unused ? slots->erase(it) : std::next(it);
    }
    auto& slot = (*slots)[key];
    if (!slot) slot = std::make_shared<Slot>();
    return slot;
}

// A batch of fewer tokens ends sooner than the graph could be stopped and repaired.
constexpr size_t kWorthStopping = 256;

// Where one thread does all, the CPU plugin's infer() takes a short way that never looks for a cancel(). start_async()
// does look.
void infer_stoppably(ov::InferRequest& request, bool in_background) {
    if (!in_background) return request.infer();
    request.start_async();
    request.wait();
}

// Runs the model. A cancel() by another thread ends it between two operations of the graph, with an exception. In the
// instant before it has begun a cancel() is not seen: then the batch runs to its end, and fails all the same.
void infer(ov::InferRequest& request, Cancellation& cancellation, bool in_background) {
    const auto stop = [&request] {
        try {
            request.cancel();
        } catch (const std::exception&) {
            // A device that cannot stop runs to the end of the batch.
        }
    };
    const Cancellation::Scope stoppable(cancellation, stop);
    if (cancellation.cancelled()) return;  // nothing is left in the middle; run() tells
    infer_stoppably(request, in_background);
}

// Two runs of shapes that no batch has: one of them at least is not that of the batch before (RunGate).
void repair_graph(ov::InferRequest& request, const ModelPorts& ports) {
    for (const size_t width : {1, 2}) {
        Batch batch;
        batch.width = width;
        Encoding encoding;
        encoding.row_starts = {0, width};
        encoding.ids.assign(width, 0);
        batch.parts.push_back({std::make_shared<const Encoding>(std::move(encoding)), {0}});
        fill_inputs(batch, ports, request);
        try {
            request.infer();
        } catch (const std::exception&) {
            continue;  // the batch before was of this very shape
        }
    }
}

Error failure(const InferenceJob& job) {
    const Error error = current_error(ErrorCode::DeviceFailed, "The device failed while it ran a batch.");
    if (job.cancellation && job.cancellation->cancelled()) return Cancellation::error();
    return error;
}

}  // namespace

std::shared_ptr<InferenceEngine> InferenceEngine::open(const EngineOptions& options) {
    refuse_forked_child();
    const auto slot = slot_for(identity(options));
    // The second of two that ask at once waits for the first and shares what it loaded.
    const std::lock_guard lock(slot->loading);
    if (auto engine = slot->engine.lock(); engine && !engine->retired()) return engine;
    auto engine = std::make_shared<InferenceEngine>(options);
    slot->engine = engine;
    return engine;
}

InferenceEngine::InferenceEngine(const EngineOptions& options)
    : m_device(options.device),
      m_streams(options.streams),
      m_threads(options.threads),
      m_free_streams(options.streams) {
    check(options);
    load(options);
    try {
        m_ports = find_ports(m_compiled.model);
        start_workers();
    } catch (...) {
        stop_workers();  // a thread that is not joined would end the process
        throw current_error(ErrorCode::DeviceFailed, options.device + " could not make its infer requests.");
    }
}

void InferenceEngine::load(const EngineOptions& options) {
    const bool keeps_blobs = !options.blob_file.empty();
    const auto properties = [&](uint64_t group) { return compile_properties(options, group); };
    if (keeps_blobs) {
        try {
            if (auto imported = import_blob(options.blob_file, options.device, properties)) {
                m_compiled = std::move(*imported);
                m_from_blob = true;
                return;
            }
        } catch (const Error& problem) {
            // A blob is a copy of what compiling gives: a bad one is reported and replaced, never a reason to fail.
            m_blob_problem = problem.what();
        }
    }
    CompiledModel compiled = compile(options);
    if (keeps_blobs) {
        find_ports(compiled.model);  // what cannot be used is not kept
        try {
            export_blob(options.blob_file, compiled);
            if (!m_blob_problem.empty()) m_blob_problem += " It was compiled again and replaced.";
            // A compiled model goes on reading the mapped weights, and whoever overwrites or cuts that file changes
            // vectors or ends the process. Nobody writes into a blob: it is only ever replaced by rename.
            if (auto kept = import_blob(options.blob_file, options.device, properties)) compiled = std::move(*kept);
        } catch (const Error& problem) {
            m_blob_problem = problem.what();
        }
    }
    m_compiled = std::move(compiled);
}

void InferenceEngine::start_workers() {
    const auto count = static_cast<size_t>(m_streams) + 1;
    std::vector<ov::InferRequest> requests;
    for (size_t i = 0; i < count; ++i) requests.push_back(m_compiled.model.create_infer_request());
    for (auto& request : requests) m_workers.emplace_back([this, request] { work(request); });
}

void InferenceEngine::stop_workers() {
    {
        const std::lock_guard lock(m_mutex);
        m_stopping = true;
    }
    m_wake.notify_all();
    for (auto& worker : m_workers) worker.join();
}

InferenceEngine::~InferenceEngine() {
    stop_workers();
    for (const auto& job : m_jobs) {
        try {
            job.on_error(Error(ErrorCode::Closed, "The pipeline was closed."));
        } catch (...) {
            continue;  // the next one may fit
        }
    }
}

void InferenceEngine::submit(InferenceJob job) {
    refuse_forked_child();
    job.submitted = Clock::now();
    {
        const std::lock_guard lock(m_mutex);
        m_jobs.push_back(std::move(job));
    }
    m_wake.notify_one();
}

void InferenceEngine::work(ov::InferRequest request) {
    for (;;) {
        std::unique_lock lock(m_mutex);
        m_wake.wait(lock, [this] { return m_stopping || !m_jobs.empty(); });
        if (m_stopping) return;
        const Activity::Scope at_work;
        InferenceJob job = std::move(m_jobs.front());
        m_jobs.pop_front();
        lock.unlock();
        ++m_running;
        try {
            run(job, request);
        } catch (...) {
            // As in ThreadPool::work(): a report that there was no memory for.
        }
        --m_running;
    }
}

void InferenceEngine::run(InferenceJob& job, ov::InferRequest& request) {
    if (job.cancellation && job.cancellation->cancelled()) return job.on_error(Cancellation::error());
    if (Activity::stopping() || !job.wanted())
        return job.on_error(Error(ErrorCode::Closed, "The pipeline was closed."));
    InferenceTimings timings{};
    ov::Tensor output;  // what `states` points into
    HiddenStates states{};
    try {
        fill_inputs(job.batch, m_ports, request);
        const Semaphore::Hold stream(m_free_streams);
        const auto started = Clock::now();
        const faults::Passage passage(faults::Stage::Infer, job.cancellation.get(), m_device);
        if (job.cancellation) job.cancellation->check();
        m_gate.pass([&] { infer_once(job, request); }, [&] { repair_graph(request, m_ports); });
        if (job.cancellation) job.cancellation->check();
        timings = {micros_between(job.submitted, started), micros_between(started, Clock::now())};
        output = request.get_output_tensor(m_ports.output);
        states = hidden_states(output, m_ports, job.batch);
        passage.spoil(states, job.batch.rows());
    } catch (...) {
        return job.on_error(failure(job));
    }
    job.on_output(states, timings);
    release_weights_once();
}

void InferenceEngine::infer_once(InferenceJob& job, ov::InferRequest& request) {
    // With several streams the repair may meet another graph than the one that was left in the middle, and other
    // batches would fail (Cancel.LeavesEveryOtherBatchAlone). There, a batch runs to its end and fails then.
    const bool to_stop = m_streams == 1 && job.batch.rows() * job.batch.width >= kWorthStopping;
    if (!job.cancellation || !to_stop) return request.infer();
    infer(request, *job.cancellation, m_threads == 1);
}

// The device has copied and laid out the weights by its first batch; the file's own pages, as large as the weights,
// were read for that only.
void InferenceEngine::release_weights_once() noexcept {
    if (m_weights_released.exchange(true)) return;
    for (const auto& file : m_compiled.pages) file->release_pages();
}

std::vector<std::string> InferenceEngine::execution_devices() const {
    return m_compiled.model.get_property(ov::execution_devices);
}

}  // namespace ovembed
