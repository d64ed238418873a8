#include "tests/fuzz/fuzz.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "core/error.h"

namespace ovembed::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr Seconds kFuzzLimit{10};
constexpr uint64_t kFullTimes = 20;

std::optional<uint64_t> number_of(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    return std::strtoull(text, nullptr, 10);
}

// Where the number of the running case is kept.
class Progress {
public:
    explicit Progress(const std::string& name)
        : m_path(std::filesystem::temp_directory_path() / ("ovembed-fuzz-" + name)), m_file(m_path) {}
    void running(uint64_t number) {
        m_file.seekp(0);
        m_file << number << '\n' << std::flush;
    }
    const std::filesystem::path& path() const { return m_path; }

private:
    std::filesystem::path m_path;
    std::ofstream m_file;
};

// What went wrong; empty when nothing did.
std::string problem_of(const FuzzTarget& target, uint64_t number) {
    const auto start = Clock::now();
    try {
        Mutator random(number);
        target.run(random.mutate(target.bases, target.dictionary), random);
    } catch (const Error& error) {
        if (std::string(error.what()).empty()) return "an error without words";
    } catch (const std::exception& error) {
        return std::string("an exception that is none of ours: ") + error.what();
    } catch (...) {
        return "an exception of unknown type";
    }
    return Clock::now() - start > kFuzzLimit ? "it took too long" : "";
}

}  // namespace

void fuzz(const FuzzTarget& target) {
    const uint64_t from = number_of("OVEMBED_FUZZ_FROM").value_or(0);
    const auto seconds = number_of("OVEMBED_FUZZ_SECONDS");
    const uint64_t usual = target.cases * (number_of("OVEMBED_TEST_FULL") ? kFullTimes : 1);
    const uint64_t cases = number_of("OVEMBED_FUZZ_CASES").value_or(seconds ? UINT64_MAX - from : usual);
    Progress progress(target.name);
    std::cout << target.name << ": the running case is in " << progress.path() << std::endl;
    const auto start = Clock::now();
    uint64_t number = from;
    for (; number - from < cases; ++number) {
        if (seconds && Clock::now() - start > Seconds(*seconds)) break;
        progress.running(number);
        const std::string problem = problem_of(target, number);
        if (!problem.empty()) ADD_FAILURE() << target.name << ", case " << number << ": " << problem;
    }
    std::cout << target.name << ": " << number - from << " cases in " << Seconds(Clock::now() - start).count() << " s"
              << std::endl;
}

}  // namespace ovembed::testing
