#include "addon/vector_pooling.h"

#include <vector>

#include "addon/arrays.h"
#include "addon/element_arrays.h"
#include "addon/options.h"
#include "core/pooling.h"
#include "core/vectors/pool_rows.h"

namespace ovembed {
namespace {

struct Runs {
    std::vector<uint32_t> starts, lengths;
};

void check_runs(Napi::Env env, const Runs& runs, size_t rows) {
    bool fits = runs.starts.size() == runs.lengths.size();
    for (size_t i = 0; fits && i < runs.starts.size(); ++i) {
        fits = runs.starts[i] <= rows && runs.lengths[i] <= rows - runs.starts[i];
    }
    if (!fits) throw Napi::TypeError::New(env, "Expected runs of rows that are among the vectors.");
}

void check_size(Napi::Env env, bool fits, const char* what) {
    if (!fits) throw Napi::TypeError::New(env, std::string("Expected as many values as ") + what + ".");
}

}  // namespace

Napi::Value pool_vectors(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    const auto options = object_argument(info, 2);
    const size_t dimensions = integer_option(options, "dimensions");
    const bool normalized = boolean_option(options, "normalize");
    const Runs runs{to_vector(options.Get("starts")), to_vector(options.Get("lengths"))};
    const Napi::Value given = options.Get("weights");
    const auto weights = given.IsNull() ? std::vector<uint32_t>() : to_vector(given);
    // Nothing of JavaScript runs from here on: nothing can free what these point to.
    const auto vectors = elements_of(info[0], VectorType::Float32, "the vectors");
    const auto target = elements_of(info[1], VectorType::Float32, "the target");
    if (dimensions == 0) throw Napi::TypeError::New(env, "Expected at least 1 for dimensions.");
    const size_t rows = vectors.count / dimensions;
    check_size(env, vectors.count == rows * dimensions, "whole vectors have");
    check_size(env, target.count == runs.starts.size() * dimensions, "the runs' vectors have");
    check_size(env, given.IsNull() || weights.size() == rows, "there are vectors");
    check_runs(env, runs, rows);
    std::vector<double> sums(dimensions);
    for (size_t i = 0; i < runs.starts.size(); ++i) {
        float* out = static_cast<float*>(target.data) + i * dimensions;
        pool_rows(static_cast<const float*>(vectors.data), dimensions, {runs.starts[i], runs.lengths[i]},
                  given.IsNull() ? nullptr : weights.data(), sums.data(), out);
        if (normalized) normalize(out, dimensions);
    }
    return env.Undefined();
}

}  // namespace ovembed
