#include "addon/flat_index_wrap.h"

#include "addon/addon.h"
#include "addon/arrays.h"
#include "addon/element_arrays.h"
#include "addon/options.h"
#include "core/thread_pools.h"

namespace ovembed {
namespace {

// Whole vectors: `count` of them.
Elements vectors_argument(const Napi::Value& value, VectorType type, size_t dimensions) {
    auto [data, count] = elements_of(value, type, "the vectors");
    const size_t width = elements_per_row(type, dimensions);
    if (count % width == 0) return {data, count / width};
    throw Napi::TypeError::New(value.Env(), "Expected whole vectors of " + std::to_string(width) + " elements each.");
}

std::vector<float> ranges_option(const Napi::Value& value) {
    if (value.IsUndefined()) return {};
    const auto [data, count] = elements_of(value, VectorType::Float32, "ranges");
    const auto* values = static_cast<const float*>(data);
    return {values, values + count};
}

std::vector<std::vector<uint32_t>> candidates_option(const Napi::Value& value) {
    if (value.IsUndefined()) return {};
    if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "Expected an array for candidates.");
    const auto array = value.As<Napi::Array>();
    std::vector<std::vector<uint32_t>> candidates;
    try {
        for (uint32_t i = 0; i < array.Length(); ++i) {
            const Napi::HandleScope scope(value.Env());
            candidates.push_back(to_vector(array.Get(i)));
        }
    } catch (const std::bad_alloc&) {
        throw to_js(value.Env(), current_error(ErrorCode::OutOfMemory, "The candidates could not be copied."));
    }
    return candidates;
}

Napi::Value to_js_result(Napi::Env env, const SearchResult& found) {
    auto result = Napi::Object::New(env);
    result.Set("k", Napi::Number::New(env, static_cast<double>(found.k)));
    result.Set("indices", to_typed_array<uint32_t>(env, found.indices));
    result.Set("scores", to_typed_array<float>(env, found.scores));
    return result;
}

}  // namespace

FlatIndexWrap::FlatIndexWrap(const Napi::CallbackInfo& info)
    : Wrapped(info), m_state(OvembedAddon::of(info.Env()).state()) {}

FlatIndexWrap::~FlatIndexWrap() { m_state->free_in_background(std::move(m_native)); }

Napi::Function FlatIndexWrap::define(Napi::Env env) {
    return DefineClass(
        env, kName,
        {InstanceAccessor<&FlatIndexWrap::length>("length"), InstanceAccessor<&FlatIndexWrap::bytes>("bytes"),
         InstanceMethod<&FlatIndexWrap::write>("write"), InstanceMethod<&FlatIndexWrap::publish>("publish"),
         InstanceMethod<&FlatIndexWrap::search>("search"), InstanceMethod<&FlatIndexWrap::cancel>("cancel"),
         InstanceMethod<&FlatIndexWrap::close>("close")});
}

std::shared_ptr<FlatIndex> FlatIndexWrap::create(const Napi::Object& options) {
    const auto dtype = text_option(options, "dtype");
    const auto metric_name = text_option(options, "metric");
    const auto dimensions = integer_option(options, "dimensions");
    auto ranges = ranges_option(options.Get("ranges"));
    try {
        return std::make_shared<FlatIndex>(
            RowFormat{vector_type(dtype), dimensions, metric(metric_name), std::move(ranges)});
    } catch (const Error& error) {
        throw to_js(options.Env(), error);
    }
}

FlatIndex& FlatIndexWrap::index(Napi::Env env) const {
    if (!m_native) throw to_js(env, Error(ErrorCode::Closed, "The index was closed."));
    return *m_native;
}

Napi::Value FlatIndexWrap::length(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(index(info.Env()).length()));
}

Napi::Value FlatIndexWrap::bytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(index(info.Env()).bytes()));
}

void FlatIndexWrap::write(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    const uint32_t first = to_unsigned(info[0], "first");
    auto& native = index(env);
    const auto [data, count] = vectors_argument(info[1], native.format().type, native.format().dimensions);
    try {
        native.write(first, data, count);
    } catch (...) {
        throw to_js(env, current_error(ErrorCode::OutOfMemory, "The vectors could not be added."));
    }
    account(env, static_cast<int64_t>(native.bytes()));
}

void FlatIndexWrap::publish(const Napi::CallbackInfo& info) {
    const uint32_t length = to_unsigned(info[0], "length");
    auto& native = index(info.Env());
    try {
        native.publish(length);
    } catch (const Error& error) {
        throw to_js(info.Env(), error);
    }
}

Napi::Value FlatIndexWrap::search(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    const auto options = object_argument(info, 1);
    const auto dtype = text_option(options, "dtype");
    SearchOptions wanted{integer_option(options, "k"), candidates_option(options.Get("candidates"))};
    const auto job = job_number(options.Get("job"));
    const auto state = m_state;
    const auto& native = index(env);
    VectorType type{};
    try {
        type = vector_type(dtype);
    } catch (const Error& error) {
        throw to_js(env, error);
    }
    const auto [queries, count] = vectors_argument(info[0], type, native.format().dimensions);
    const auto [ticket, promise] = state->begin(env);
    const auto on_error = [state, ticket = ticket](std::exception_ptr problem) {
        try {
            std::rethrow_exception(problem);
        } catch (...) {
            state->reject(ticket, current_error(ErrorCode::OutOfMemory, "The search failed."));
        }
    };
    const auto on_done = [state, ticket = ticket](SearchResult result) {
        auto found = std::make_shared<const SearchResult>(std::move(result));
        state->resolve(ticket, [found](Napi::Env js) { return to_js_result(js, *found); });
    };
    try {
        native.search(queries, count, type, std::move(wanted), search_pool(),
                      {[state] { return state->alive(); }, on_done, on_error, job ? m_jobs.begin(*job) : nullptr});
    } catch (...) {
        on_error(std::current_exception());
    }
    return promise;
}

void FlatIndexWrap::cancel(const Napi::CallbackInfo& info) {
    if (const auto job = job_number(info[0])) m_jobs.cancel(*job);
}

void FlatIndexWrap::close(const Napi::CallbackInfo& info) {
    m_state->free_in_background(std::move(m_native));
    account(info.Env(), 0);
}

}  // namespace ovembed
