#include "core/inference_engine.h"

#include <atomic>
#include <fstream>
#include <map>
#include <openvino/runtime/properties.hpp>

#include "tests/encodings.h"
#include "tests/engines.h"
#include "tests/expect.h"
#include "tests/graphs.h"

namespace ovembed {
namespace {

using testing::engine_options;
using testing::expect_error;
using testing::TinyModel;

Batch small_batch() { return {testing::parts_of({{2, 5, 3}}), 4, PaddingSide::Right, 0}; }

// Counts how each of many jobs was settled.
class Settlements {
public:
    explicit Settlements(size_t jobs) : m_done(jobs), m_failed(jobs) {}

    InferenceJob job(size_t index, std::function<bool()> wanted = [] { return true; }) {
        return {small_batch(), std::move(wanted),
                [this, index](const HiddenStates&, InferenceTimings) { ++m_done[index]; },
                [this, index](const Error& error) {
                    EXPECT_EQ(error.code(), ErrorCode::Closed) << error.what();
                    ++m_failed[index];
                }};
    }

    size_t done() const { return sum(m_done); }
    size_t failed() const { return sum(m_failed); }
    void expect_each_once() const {
        for (size_t i = 0; i < m_done.size(); ++i) EXPECT_EQ(m_done[i] + m_failed[i], 1) << "job " << i;
    }

private:
    static size_t sum(const std::vector<std::atomic<int>>& counts) {
        size_t total = 0;
        for (const auto& count : counts) total += static_cast<size_t>(count);
        return total;
    }

    std::vector<std::atomic<int>> m_done;
    std::vector<std::atomic<int>> m_failed;
};

TEST(InferenceEngine, SaysWhatItRuns) {
    const TinyModel model;
    auto options = engine_options(model);
    options.streams = 2;
    options.threads = 2;
    const InferenceEngine engine(options);
    EXPECT_EQ(engine.hidden(), 32U);
    EXPECT_EQ(engine.max_positions(), 64U);
    EXPECT_EQ(engine.vocabulary(), testing::tiny_vocabulary().size());
    EXPECT_FALSE(engine.pooled());
    EXPECT_FALSE(engine.from_blob());
    EXPECT_EQ(engine.streams(), 2);
    EXPECT_EQ(engine.threads(), 2);
    EXPECT_EQ(engine.concurrency(), 3U);
    EXPECT_EQ(engine.execution_devices(), std::vector<std::string>{"CPU"});
}

TEST(InferenceEngine, IsSharedForEqualOptionsAndFreedByTheLast) {
    const TinyModel model;
    auto first = InferenceEngine::open(engine_options(model));
    auto second = InferenceEngine::open(engine_options(model));
    EXPECT_EQ(first, second);
    const std::weak_ptr<InferenceEngine> watch = first;
    first.reset();
    EXPECT_FALSE(watch.expired());
    second.reset();
    EXPECT_TRUE(watch.expired());
    EXPECT_NE(InferenceEngine::open(engine_options(model)), nullptr) << "and can be opened again";
}

TEST(InferenceEngine, IsSharedByThreadsThatOpenItAtOnce) {
    const TinyModel model;
    std::vector<std::future<std::shared_ptr<InferenceEngine>>> opened;
    for (int i = 0; i < 6; ++i) {
        opened.push_back(std::async(std::launch::async, [&] { return InferenceEngine::open(engine_options(model)); }));
    }
    const auto first = opened.front().get();
    for (size_t i = 1; i < opened.size(); ++i) EXPECT_EQ(opened[i].get(), first);
}

TEST(InferenceEngine, IsNotSharedForOtherOptions) {
    const TinyModel model;
    const TinyModel twin;
    const auto engine = InferenceEngine::open(engine_options(model));
    EXPECT_NE(InferenceEngine::open(engine_options(twin)), engine);
    auto options = engine_options(model);
    options.streams = 2;
    EXPECT_NE(InferenceEngine::open(options), engine);
    options = engine_options(model);
    options.threads = 2;
    EXPECT_NE(InferenceEngine::open(options), engine);
    options = engine_options(model);
    options.blob_file = model.file("model.blob");
    EXPECT_EQ(InferenceEngine::open(options), engine) << "where the compiled model is kept is no difference";
}

TEST(InferenceEngine, RunsOnVirtualDevices) {
    const TinyModel model;
    auto options = engine_options(model);
    for (const char* device : {"AUTO:CPU", "HETERO:CPU", "BATCH:CPU"}) {
        SCOPED_TRACE(device);
        options.device = device;
        TextEmbeddingPipeline pipeline(std::make_shared<InferenceEngine>(options), {});
        EXPECT_EQ(testing::embed(pipeline, testing::parts_of({{2, 5, 3}}), testing::pooled(4)).data.size(), 32U);
    }
}

TEST(InferenceEngine, DoesNotQuantiseActivations) {
    const TinyModel model;
    EXPECT_EQ(compile(engine_options(model)).model.get_property(ov::hint::dynamic_quantization_group_size), 0U);
}

// A file written anew, a second later: file systems differ in how finely they keep time.
void replace(const std::string& path, const std::string& bytes) {
    const auto before = std::filesystem::last_write_time(path);
    testing::write_file(path, bytes);
    std::filesystem::last_write_time(path, before + std::chrono::seconds(1));
}

TEST(InferenceEngine, IsNotSharedOnceAFileOfTheModelChanged) {
    const TinyModel model;
    write_ir(model, model.file("model.xml"));
    const auto is_shared_after_change = [&](SourceKind kind, const std::string& source, const std::string& changed) {
        auto options = engine_options(model);
        options.source = {kind, model.file(source)};
        const auto before = InferenceEngine::open(options);
        replace(model.file(changed), testing::read_bytes(model.file(changed)));
        return InferenceEngine::open(options) == before;
    };
    EXPECT_FALSE(is_shared_after_change(SourceKind::Safetensors, "model.safetensors", "model.safetensors"));
    EXPECT_FALSE(is_shared_after_change(SourceKind::Safetensors, "model.safetensors", "config.json"));
    EXPECT_FALSE(is_shared_after_change(SourceKind::OpenVino, "model.xml", "model.xml"));
    EXPECT_FALSE(is_shared_after_change(SourceKind::OpenVino, "model.xml", "model.bin"));
    EXPECT_TRUE(is_shared_after_change(SourceKind::OpenVino, "model.xml", "tokenizer.json"));
}

TEST(InferenceEngine, FailsToOpenWithATypedErrorAndCanBeOpenedAfterwards) {
    const TinyModel model;
    const std::string config = testing::read_bytes(model.file("config.json"));
    testing::write_file(model.file("config.json"), "{");
    expect_error(ErrorCode::ModelInvalid, "config.json", [&] { InferenceEngine::open(engine_options(model)); });
    testing::write_file(model.file("config.json"), config);
    EXPECT_NO_THROW(InferenceEngine::open(engine_options(model)));
}

TEST(InferenceEngine, RefusesOptionsThatCannotBe) {
    const TinyModel model;
    auto options = engine_options(model);
    options.precision = "int8";
    expect_error(ErrorCode::InvalidArgument, "received 'int8'", [&] { InferenceEngine{options}; });
    options = engine_options(model);
    for (const char* device : {"NOSUCH", "", "GPU.99"}) {
        options.device = device;
        expect_error(ErrorCode::DeviceUnavailable, "is not available here; OpenVINO finds CPU",
                     [&] { InferenceEngine{options}; });
    }
    for (const int count : {0, -1}) {
        options = engine_options(model);
        options.streams = count;
        expect_error(ErrorCode::InvalidArgument, "streams", [&] { InferenceEngine{options}; });
        options = engine_options(model);
        options.threads = count;
        expect_error(ErrorCode::InvalidArgument, "threads", [&] { InferenceEngine{options}; });
    }
}

TEST(InferenceEngine, SettlesEachJobOnce) {
    const TinyModel model;
    auto options = engine_options(model);
    options.streams = 2;
    options.threads = 2;
    constexpr size_t kThreads = 8;
    constexpr size_t kJobs = 25;
    Settlements settlements(kThreads * kJobs);
    {
        InferenceEngine engine(options);
        std::vector<std::thread> callers;
        for (size_t t = 0; t < kThreads; ++t) {
            callers.emplace_back([&, t] {
                for (size_t i = 0; i < kJobs; ++i) engine.submit(settlements.job(t * kJobs + i));
            });
        }
        for (auto& caller : callers) caller.join();
        while (settlements.done() + settlements.failed() < kThreads * kJobs) std::this_thread::yield();
    }
    settlements.expect_each_once();
    EXPECT_EQ(settlements.done(), kThreads * kJobs);
}

TEST(InferenceEngine, ClosesQueuedJobsAndFinishesThoseAtWork) {
    const TinyModel model;
    constexpr size_t kQueued = 200;
    auto engine = std::make_unique<InferenceEngine>(engine_options(model));
    const size_t workers = engine->concurrency();
    Settlements settlements(workers + kQueued);
    std::promise<void> gate;
    std::atomic<size_t> at_work{0};
    const auto wait_at_gate = [&, open = gate.get_future().share()] {
        ++at_work;
        open.wait();
        return true;
    };
    for (size_t i = 0; i < workers; ++i) engine->submit(settlements.job(i, wait_at_gate));
    while (at_work < workers) std::this_thread::yield();
    for (size_t i = 0; i < kQueued; ++i) engine->submit(settlements.job(workers + i));

    std::thread destroyer([&] { engine.reset(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // by now it waits for the workers
    EXPECT_EQ(settlements.done() + settlements.failed(), 0U);
    gate.set_value();
    destroyer.join();
    settlements.expect_each_once();
    EXPECT_EQ(settlements.done(), workers);
    EXPECT_EQ(settlements.failed(), kQueued);
}

TEST(InferenceEngine, DoesNotRunWhatIsNoLongerWanted) {
    const TinyModel model;
    Settlements settlements(20);
    {
        InferenceEngine engine(engine_options(model));
        for (size_t i = 0; i < 20; ++i) engine.submit(settlements.job(i, [i] { return i % 2 == 0; }));
        while (settlements.done() + settlements.failed() < 20) std::this_thread::yield();
    }
    settlements.expect_each_once();
    EXPECT_EQ(settlements.done(), 10U);
    EXPECT_EQ(settlements.failed(), 10U);
}

// The graph's own shape says [?, ?, 4] in both cases; pooling them as they are would read beyond the output.
TEST(InferenceEngine, RefusesAnOutputThatIsNotOneVectorPerToken) {
    const testing::TempFolder folder;
    const auto ids = testing::parameter("input_ids");
    const auto mask = testing::parameter("attention_mask");
    const auto tokens = testing::masked_look_up(ids, mask, 12, 4);
    const auto integers = [](std::vector<int64_t> values) {
        return ov::op::v0::Constant::create(ov::element::i64, {values.size()}, values);
    };
    const ov::Output<ov::Node> outputs[] = {
        std::make_shared<ov::op::v1::ReduceMean>(tokens, integers({1}), true),
        std::make_shared<ov::op::v1::Transpose>(tokens, integers({1, 0, 2})),
    };
    for (const auto& output : outputs) {
        ov::save_model(std::make_shared<ov::Model>(ov::ResultVector{testing::result("last_hidden_state", output)},
                                                   ov::ParameterVector{ids, mask}),
                       folder.file("m.xml"));
        EngineOptions options;
        options.source = {SourceKind::OpenVino, folder.file("m.xml")};
        options.device = "CPU";
        options.precision = "f32";
        TextEmbeddingPipeline pipeline(std::make_shared<InferenceEngine>(options), {});
        expect_error(ErrorCode::ModelUnsupported, "Expected the shape [1,4,4]",
                     [&] { testing::embed(pipeline, testing::parts_of({{2, 5, 3}}), testing::pooled(4)); });
    }
}

TEST(InferenceEngine, ReportsADeviceErrorAndGoesOn) {
    const TinyModel model;
    InferenceEngine engine(engine_options(model));
    const auto code_of = [&](size_t width) {
        auto outcome = std::make_shared<std::promise<std::string>>();
        engine.submit({{testing::parts_of({{2, 5, 3}}), width, PaddingSide::Right, 0},
                       [] { return true; },
                       [=](const HiddenStates&, InferenceTimings) { outcome->set_value("done"); },
                       [=](const Error& error) { outcome->set_value(to_string(error.code())); }});
        return outcome->get_future().get();
    };
    // More bytes than there are addresses; the pipeline would have refused it.
    EXPECT_EQ(code_of(size_t{1} << 61), "ERR_DEVICE_FAILED");
    EXPECT_EQ(code_of(64), "done");
}

TEST(InferenceEngine, TakesTheOneShapeItWasCompiledForAndNoOther) {
    const TinyModel model;
    auto options = engine_options(model);
    TextEmbeddingPipeline any(InferenceEngine::open(options), {});
    options.shape = ov::Shape{1, 16};
    const auto engine = InferenceEngine::open(options);
    EXPECT_NE(engine.get(), &any.engine()) << "another shape is another engine";
    TextEmbeddingPipeline one(engine, {});
    const auto row = testing::parts_of({{2, 5, 9, 3}});
    const auto expected = testing::embed(any, row, testing::pooled(16)).data;
    EXPECT_TRUE(testing::same_bits(testing::embed(one, row, testing::pooled(16)).data, expected));
    expect_error(ErrorCode::DeviceFailed, "The device failed", [&] { testing::embed(one, row, testing::pooled(32)); });
    expect_error(ErrorCode::DeviceFailed, "The device failed",
                 [&] { testing::embed(one, testing::parts_of({{2, 3}, {2, 3}}), testing::pooled(16)); });
    EXPECT_TRUE(testing::same_bits(testing::embed(one, row, testing::pooled(16)).data, expected)) << "and goes on";
}

#ifdef __linux__
// What the process holds in memory of a file that it has mapped, in KiB.
size_t resident(const std::string& file) {
    std::ifstream maps("/proc/self/smaps");
    size_t sum = 0;
    bool ours = false;
    for (std::string line; std::getline(maps, line);) {
        const bool begins_mapping = line.find(' ') < line.find(':');  // others are "Name: figure"
        if (begins_mapping) ours = line.find(file) != std::string::npos;
        if (ours && line.rfind("Rss:", 0) == 0) sum += std::stoul(line.substr(4));
    }
    return sum;
}

TEST(InferenceEngine, GivesThePagesOfTheWeightsBackAfterTheFirstBatch) {
    testing::TinyModelOptions large;
    large.hidden = 256;
    large.intermediate = 1024;
    const TinyModel model(large);
    TextEmbeddingPipeline pipeline(std::make_shared<InferenceEngine>(engine_options(model)), {});
    EXPECT_GT(resident(model.weights()), 1000U);
    EXPECT_EQ(testing::embed(pipeline, testing::parts_of({{2, 5, 3}}), testing::pooled(4)).data.size(), 256U);
    // The result is there a moment before.
    const auto end = Clock::now() + std::chrono::seconds(5);
    while (resident(model.weights()) > 0 && Clock::now() < end) std::this_thread::yield();
    EXPECT_EQ(resident(model.weights()), 0U);
}
#endif

}  // namespace
}  // namespace ovembed
