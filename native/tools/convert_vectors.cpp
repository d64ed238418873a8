// convert_vectors [ROWS DIMENSIONS REPEATS]: how fast core/vectors/quantize.cpp is beside memcpy, on one thread. Prints
// a JSON object: GB of f32 per second, of memcpy and of each conversion to and from an element type. The contestants
// take turns, and the best of each counts.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "core/vectors/quantize.h"

namespace {

using namespace ovembed;

struct Contestant {
    std::string name;
    std::function<void()> run;
    double best = 1e9;
};

double seconds(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
    const auto argument = [&](int i, size_t preset) {
        return argc > i ? static_cast<size_t>(std::atoll(argv[i])) : preset;
    };
    const Matrix size{argument(1, 65536), argument(2, 384)};
    const size_t repeats = argument(3, 15);
    const size_t count = size.rows * size.dimensions;

    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 0.05F);
    std::vector<float> vectors(count);
    for (auto& value : vectors) value = normal(random);
    std::vector<float> ranges(2 * size.dimensions, -0.15F);
    std::fill(ranges.begin() + static_cast<std::ptrdiff_t>(size.dimensions), ranges.end(), 0.15F);

    std::vector<float> copy(count);
    std::vector<std::vector<uint8_t>> converted;
    std::vector<Contestant> contestants;
    contestants.push_back({"memcpy", [&] { std::memcpy(copy.data(), vectors.data(), count * sizeof(float)); }});
    const std::vector<std::string> names{"float16", "bfloat16", "int8", "uint8", "binary", "ubinary"};
    converted.reserve(names.size());
    for (const auto& name : names) {
        const auto type = vector_type(name);
        converted.emplace_back(size.rows * elements_per_row(type, size.dimensions) * element_bytes(type));
        auto* out = converted.back().data();
        contestants.push_back(
            {"to " + name, [&, type, out] { quantize(vectors.data(), size, type, ranges.data(), out); }});
        contestants.push_back(
            {"from " + name, [&, type, out] { dequantize(out, size, type, ranges.data(), copy.data()); }});
    }

    for (size_t repeat = 0; repeat <= repeats; ++repeat) {
        for (auto& contestant : contestants) {
            const double took = seconds(contestant.run);
            if (repeat > 0) contestant.best = std::min(contestant.best, took);  // the first touches the memory
        }
    }
    const char* separator = "{";
    for (const auto& [name, run, best] : contestants) {
        std::cout << separator << '"' << name << "\": " << static_cast<double>(count) * sizeof(float) / best / 1e9;
        separator = ", ";
    }
    std::cout << "}\n";
}
