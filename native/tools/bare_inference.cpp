// bare_inference SOURCE_KIND MODEL_FILE PRECISION STREAMS THREADS [ROWS WIDTH]: the ceiling that npm run bench measures
// ovembed against. With ROWS and WIDTH the model is compiled for that shape alone.
//
// The same graph with the same properties, and nothing of ours around it: batches are tensors before the clock starts,
// as many asynchronous requests as keep every stream busy take them in order, and outputs are left where they are.
//
// Standard input, line by line: "batch ROWS WIDTH ID…" adds a batch (row-major ids, -1 for padding), "clear" forgets
// them, "run" infers all and answers with the seconds it took. "time COUNT" infers the first batch so many times, one
// after another and nothing beside it, and answers with the milliseconds of each.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <openvino/openvino.hpp>
#include <sstream>

#include "core/compile.h"
#include "core/error.h"
#include "core/model_ports.h"

namespace {

using ovembed::ModelPorts;

struct TensorBatch {
    ov::Tensor ids;
    ov::Tensor mask;
    ov::Tensor zeros;  // token types
};

TensorBatch read_batch(std::istream& line) {
    size_t rows = 0;
    size_t width = 0;
    line >> rows >> width;
    const ov::Shape shape{rows, width};
    TensorBatch batch{{ov::element::i64, shape}, {ov::element::i64, shape}, {ov::element::i64, shape}};
    for (size_t i = 0; i < rows * width; ++i) {
        int64_t id = -1;
        line >> id;
        batch.ids.data<int64_t>()[i] = std::max<int64_t>(id, 0);
        batch.mask.data<int64_t>()[i] = id < 0 ? 0 : 1;
        batch.zeros.data<int64_t>()[i] = 0;
    }
    if (!line) throw std::runtime_error("a batch line is too short");
    return batch;
}

// Requests that are idle, handed out one by one.
class RequestPool {
public:
    RequestPool(ov::CompiledModel& model, size_t count) {
        for (size_t i = 0; i < count; ++i) m_requests.push_back(model.create_infer_request());
        for (auto& request : m_requests) {
            m_idle.push_back(&request);
            request.set_callback([this, &request](std::exception_ptr problem) { give_back(request, problem); });
        }
    }

    ov::InferRequest& take() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return !m_idle.empty(); });
        ov::InferRequest* request = m_idle.back();
        m_idle.pop_back();
        return *request;
    }

    void wait_for_all() {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_idle.size() == m_requests.size(); });
        if (m_problem) std::rethrow_exception(m_problem);
    }

private:
    void give_back(ov::InferRequest& request, std::exception_ptr problem) {
        {
            const std::lock_guard lock(m_mutex);
            if (problem) m_problem = problem;
            m_idle.push_back(&request);
        }
        m_changed.notify_all();
    }

    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<ov::InferRequest> m_requests;
    std::vector<ov::InferRequest*> m_idle;
    std::exception_ptr m_problem;
};

double seconds_since(std::chrono::steady_clock::time_point started) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

void set_inputs(ov::InferRequest& request, const TensorBatch& batch, const ModelPorts& ports) {
    request.set_input_tensor(ports.input_ids, batch.ids);
    if (ports.attention_mask) request.set_input_tensor(*ports.attention_mask, batch.mask);
    if (ports.token_type_ids) request.set_input_tensor(*ports.token_type_ids, batch.zeros);
}

double run(RequestPool& pool, const std::vector<TensorBatch>& batches, const ModelPorts& ports) {
    const auto started = std::chrono::steady_clock::now();
    for (const auto& batch : batches) {
        ov::InferRequest& request = pool.take();
        set_inputs(request, batch, ports);
        request.start_async();
    }
    pool.wait_for_all();
    return seconds_since(started);
}

// What a single caller waits for: the inputs are set once, so that only the runtime is timed.
std::vector<double> time_alone(ov::InferRequest& request, const TensorBatch& batch, const ModelPorts& ports,
                               size_t count) {
    set_inputs(request, batch, ports);
    std::vector<double> milliseconds;
    for (size_t i = 0; i < count; ++i) {
        const auto started = std::chrono::steady_clock::now();
        request.infer();
        milliseconds.push_back(seconds_since(started) * 1000);
    }
    return milliseconds;
}

void print(const std::vector<double>& values) {
    for (size_t i = 0; i < values.size(); ++i) std::cout << (i == 0 ? "" : " ") << values[i];
    std::cout << std::endl;
}

void serve(const ovembed::EngineOptions& options) {
    auto compiled = ovembed::compile(options);
    const ModelPorts ports = ovembed::find_ports(compiled.model);
    RequestPool pool(compiled.model, static_cast<size_t>(options.streams) + 1);
    ov::InferRequest alone = compiled.model.create_infer_request();
    std::vector<TensorBatch> batches;
    for (std::string text; std::getline(std::cin, text);) {
        std::istringstream line(text);
        std::string command;
        line >> command;
        if (command == "batch") batches.push_back(read_batch(line));
        if (command == "clear") batches.clear();
        if (command == "run") print({run(pool, batches, ports)});
        if (command == "time") {
            size_t count = 0;
            line >> count;
            print(time_alone(alone, batches.at(0), ports, count));
        }
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 6 && count != 8) {
        std::cerr << "usage: bare_inference openvino|onnx|safetensors MODEL_FILE f32|bf16|f16 STREAMS THREADS "
                     "[ROWS WIDTH]\n";
        return 2;
    }
    try {
        ovembed::EngineOptions options;
        options.source = {ovembed::source_kind(arguments[1]), arguments[2]};
        options.device = "CPU";
        options.precision = arguments[3];
        options.streams = std::stoi(arguments[4]);
        options.threads = std::stoi(arguments[5]);
        if (count == 8) options.shape = ov::Shape{std::stoul(arguments[6]), std::stoul(arguments[7])};
        serve(options);
        return 0;
    } catch (const ovembed::Error& error) {
        std::cerr << ovembed::to_string(error.code()) << ": " << error.what() << ' ' << error.detail() << '\n';
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
    }
    return 1;
}
