// The core of the tests of failures: fails as OVEMBED_FAULTS says (schedule.h).
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <openvino/runtime/core.hpp>
#include <stdexcept>
#include <thread>

#include "core/activity.h"
#include "core/faults.h"
#include "faults/schedule.h"

namespace ovembed::faults {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kDelay{100};
constexpr milliseconds kPoll{1};

// Read once. Never destroyed, as threads may still come here at exit.
const std::vector<Rule>& rules() {
    static const auto* parsed = [] {
        const char* text = std::getenv("OVEMBED_FAULTS");
        return new std::vector<Rule>(parse(text ? text : ""));
    }();
    return *parsed;
}

uint64_t count_passage(Stage stage) {
    static std::array<std::atomic<uint64_t>, 7> passages{};
    return ++passages[static_cast<size_t>(stage)];
}

uint64_t count_passage(Stage stage, const std::string& device) {
    static auto* mutex = new std::mutex();
    static auto* passages = new std::map<std::pair<Stage, std::string>, uint64_t>();
    const std::lock_guard lock(*mutex);
    return ++(*passages)[{stage, device}];
}

// A stuck device ends with its process; one that looks for cancel() ends with the work.
void hang(std::optional<milliseconds> time, const Cancellation* work) {
    const auto start = std::chrono::steady_clock::now();
    while (!Activity::stopping() && !(work && work->cancelled())) {
        if (time && std::chrono::steady_clock::now() - start >= *time) return;
        std::this_thread::sleep_for(kPoll);
    }
    if (work) work->check();
    throw std::runtime_error("Injected: the process ends while a stage hangs.");
}

// Reversed vectors are as long as before, finite, and point elsewhere.
template <typename T>
void reverse_vectors(T* values, size_t vectors, size_t width) {
    for (size_t i = 0; i < vectors; ++i) std::reverse(values + i * width, values + (i + 1) * width);
}

// The first value of each: of a row's tokens, pooling may read a single one.
template <typename T>
void set_first(T* values, size_t vectors, size_t width, T value) {
    for (size_t i = 0; i < vectors; ++i) values[i * width] = value;
}

// As bits: the runtime's 16-bit types have no arithmetic worth the name.
uint16_t bits_of(HiddenType type, bool nan) {
    if (type == HiddenType::BF16) return nan ? 0x7FC0 : 0x7F80;
    return nan ? 0x7E00 : 0x7C00;
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

void prepare() { rules(); }

// The runtime takes its CPU plugin under any name that contains CPU.
void add_devices(ov::Core& core) { core.register_plugin("openvino_intel_cpu_plugin", "SIM_CPU"); }

Passage::Passage(Stage stage, const Cancellation* work, const std::string& device) {
    if (rules().empty()) return;
    const uint64_t of_all = count_passage(stage);
    const uint64_t of_device = device.empty() ? 0 : count_passage(stage, device);
    for (const auto& rule : rules()) {
        if (rule.stage != stage || (!rule.device.empty() && rule.device != device)) continue;
        const uint64_t passage = rule.device.empty() ? of_all : of_device;
        if (passage < rule.first || passage > rule.last) continue;
        switch (rule.kind) {
            case Kind::Throw:
                throw std::runtime_error("Exception from an injected fault.");
            case Kind::OutOfMemory:
                throw std::bad_alloc();
            case Kind::Crash:
                std::abort();
            case Kind::Hang:
                hang(rule.time, work);
                break;
            case Kind::Delay:
                std::this_thread::sleep_for(rule.time.value_or(kDelay));
                break;
            case Kind::NaN:
                m_nan = true;
                break;
            case Kind::Infinity:
                m_infinity = true;
                break;
            case Kind::Wrong:
                m_wrong = true;
                break;
        }
    }
}

// The tensor is the request's own, and nobody reads it before the next batch but pooling.
void Passage::spoil(const HiddenStates& states, size_t rows) const {
    void* data = const_cast<void*>(states.data);
    if (states.type == HiddenType::F32) {
        auto* values = static_cast<float*>(data);
        if (m_wrong) reverse_vectors(values, rows * states.width, states.hidden);
        if (m_nan || m_infinity) set_first(values, states.width, states.hidden, m_nan ? kNaN : kInfinity);
        return;
    }
    auto* values = static_cast<uint16_t*>(data);
    if (m_wrong) reverse_vectors(values, rows * states.width, states.hidden);
    if (m_nan || m_infinity) set_first(values, states.width, states.hidden, bits_of(states.type, m_nan));
}

void Passage::spoil(float* values, size_t count, size_t width) const {
    if (count == 0) return;
    if (m_wrong) reverse_vectors(values, count / width, width);
    if (m_nan || m_infinity) set_first(values, 1, width, m_nan ? kNaN : kInfinity);
}

}  // namespace ovembed::faults
