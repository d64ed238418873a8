#include "addon/vector_conversion.h"

#include "addon/element_arrays.h"
#include "addon/env_state.h"
#include "addon/options.h"
#include "core/error.h"
#include "core/vectors/quantize.h"

namespace ovembed {
namespace {

VectorType type_option(const Napi::Object& options) {
    try {
        return vector_type(text_option(options, "dtype"));
    } catch (const Error& error) {
        throw to_js(options.Env(), error);
    }
}

// Null where the type needs none.
const float* ranges_option(const Napi::Object& options, VectorType type, size_t dimensions) {
    if (!needs_ranges(type)) return nullptr;
    const auto ranges = elements_of(options.Get("ranges"), VectorType::Float32, "ranges");
    if (ranges.count == 2 * dimensions) return static_cast<const float*>(ranges.data);
    throw Napi::TypeError::New(options.Env(), "Expected 2 x dimensions values for ranges.");
}

size_t rows_of(Napi::Env env, size_t narrow, size_t narrow_width, size_t wide, size_t wide_width) {
    const size_t rows = narrow / narrow_width;
    if (narrow == rows * narrow_width && wide == rows * wide_width) return rows;
    throw Napi::TypeError::New(env, "Expected a source and a target of the same number of vectors.");
}

template <typename Convert>
Napi::Value convert(const Napi::CallbackInfo& info, size_t floats_at, size_t elements_at, const Convert& convert_rows) {
    const auto options = object_argument(info, 2);
    const auto type = type_option(options);
    const size_t dimensions = integer_option(options, "dimensions");
    if (dimensions == 0) throw Napi::TypeError::New(info.Env(), "Expected at least 1 for dimensions.");
    // The last getter that runs: none can free what the pointers point to.
    const float* ranges = ranges_option(options, type, dimensions);
    const auto floats = elements_of(info[floats_at], VectorType::Float32, "the vectors of float32");
    const auto elements = elements_of(info[elements_at], type, "the vectors of the element type");
    const size_t width = elements_per_row(type, dimensions);
    const size_t rows = rows_of(info.Env(), elements.count, width, floats.count, dimensions);
    convert_rows(static_cast<float*>(floats.data), elements.data, Matrix{rows, dimensions}, type, ranges);
    return info.Env().Undefined();
}

}  // namespace

Napi::Value quantize_vectors(const Napi::CallbackInfo& info) {
    return convert(info, 0, 1,
                   [](const float* floats, void* elements, Matrix size, VectorType type, const float* ranges) {
                       quantize(floats, size, type, ranges, elements);
                   });
}

Napi::Value dequantize_vectors(const Napi::CallbackInfo& info) {
    return convert(info, 1, 0,
                   [](float* floats, const void* elements, Matrix size, VectorType type, const float* ranges) {
                       dequantize(elements, size, type, ranges, floats);
                   });
}

}  // namespace ovembed
