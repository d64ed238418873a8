#include "addon/pipeline_wrap.h"

#include "addon/addon.h"
#include "addon/arrays.h"
#include "addon/encoding_wrap.h"
#include "addon/options.h"

namespace ovembed {
namespace {

std::vector<BatchPart> to_parts(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsArray()) throw Napi::TypeError::New(env, "Expected an array of batch parts.");
    const auto array = info[0].As<Napi::Array>();
    std::vector<BatchPart> parts;
    for (uint32_t i = 0; i < array.Length(); ++i) {
        const Napi::Value part = array.Get(i);
        if (!part.IsObject()) throw Napi::TypeError::New(env, "Expected { encoding, rows } for a batch part.");
        const auto object = part.As<Napi::Object>();
        parts.push_back({EncodingWrap::unwrap(object.Get("encoding")).encoding(env), to_vector(object.Get("rows"))});
    }
    return parts;
}

EmbedOptions to_embed_options(const Napi::Object& options) {
    const auto output = text_option(options, "output");
    if (output != "pooled" && output != "tokens") {
        throw Napi::TypeError::New(options.Env(), "Expected 'pooled' or 'tokens' for output.");
    }
    return {integer_option(options, "bucket"), output == "tokens" ? OutputKind::Tokens : OutputKind::Pooled,
            integer_option(options, "dimensions"), boolean_option(options, "normalize")};
}

Napi::Value to_result(Napi::Env env, const Embeddings& embeddings) {
    auto result = Napi::Object::New(env);
    result.Set("data", to_typed_array<float>(env, embeddings.data));
    result.Set("nonFiniteRows", to_typed_array<uint32_t>(env, embeddings.non_finite_rows));
    result.Set("queueMicros", Napi::Number::New(env, embeddings.queue_micros));
    result.Set("inferMicros", Napi::Number::New(env, embeddings.infer_micros));
    result.Set("poolMicros", Napi::Number::New(env, embeddings.pool_micros));
    return result;
}

}  // namespace

Napi::Function PipelineWrap::define(Napi::Env env) {
    return DefineClass(
        env, kName,
        {InstanceMethod<&PipelineWrap::infer>("infer"), InstanceMethod<&PipelineWrap::cancel>("cancel"),
         InstanceMethod<&PipelineWrap::give_up>("giveUp"), InstanceMethod<&PipelineWrap::close>("close"),
         InstanceAccessor<&PipelineWrap::hidden_size>("hiddenSize"),
         InstanceAccessor<&PipelineWrap::dimensions>("dimensions"),
         InstanceAccessor<&PipelineWrap::max_positions>("maxPositions"),
         InstanceAccessor<&PipelineWrap::pooled_in_graph>("pooledInGraph"),
         InstanceAccessor<&PipelineWrap::masks_padding>("masksPadding"),
         InstanceAccessor<&PipelineWrap::from_blob>("fromBlob"),
         InstanceAccessor<&PipelineWrap::quantization>("quantization"),
         InstanceAccessor<&PipelineWrap::blob_problem>("blobProblem"),
         InstanceAccessor<&PipelineWrap::execution_devices>("executionDevices"),
         InstanceAccessor<&PipelineWrap::streams>("streams"), InstanceAccessor<&PipelineWrap::threads>("threads"),
         InstanceAccessor<&PipelineWrap::concurrency>("concurrency")});
}

PipelineWrap::PipelineWrap(const Napi::CallbackInfo& info)
    : Wrapped(info), m_state(OvembedAddon::of(info.Env()).state()) {}

PipelineWrap::~PipelineWrap() { m_state->free_in_background(take_free()); }

std::shared_ptr<TextEmbeddingPipeline> PipelineWrap::take_free() noexcept {
    if (!m_hangs || !m_native || m_native->engine().running() == 0) return std::move(m_native);
    new std::shared_ptr<TextEmbeddingPipeline>(std::move(m_native));  // until the process ends
    return nullptr;
}

Napi::Value PipelineWrap::infer(const Napi::CallbackInfo& info) {
    auto parts = to_parts(info);
    const auto options = to_embed_options(object_argument(info, 1));
    const auto job = job_number(object_argument(info, 1).Get("job"));
    const auto state = m_state;
    // Collecting this wrapper frees the pipeline, which fails the batches that it still has in its queue.
    const auto [ticket, promise] = state->begin(info.Env(), info.This().As<Napi::Object>(), this, job.value_or(0));
    const auto reject = [state, ticket = ticket](const Error& error) { state->reject(ticket, error); };
    const auto resolve = [state, ticket = ticket](Embeddings result) {
        auto embeddings = std::make_shared<const Embeddings>(std::move(result));
        state->resolve(ticket, [embeddings](Napi::Env env) { return to_result(env, *embeddings); });
    };
    try {
        if (!m_native) throw Error(ErrorCode::Closed, "The pipeline was closed.");
        m_native->embed(
            std::move(parts), options, [state] { return state->alive(); }, resolve, reject,
            job ? m_jobs.begin(*job) : nullptr);
    } catch (...) {
        reject(current_error(ErrorCode::DeviceFailed, "The batch could not be queued."));
    }
    return promise;
}

void PipelineWrap::cancel(const Napi::CallbackInfo& info) {
    if (const auto job = job_number(info[0])) m_jobs.cancel(*job);
}

void PipelineWrap::give_up(const Napi::CallbackInfo& info) {
    const auto job = job_number(info[0]);
    if (!job || !m_native) return;
    m_hangs = true;
    m_native->retire();
    m_state->give_up(info.Env(), this, *job, Error(ErrorCode::DeviceFailed, "The device did not return a batch."));
}

Napi::Value PipelineWrap::close(const Napi::CallbackInfo& info) {
    const auto state = m_state;
    const auto [ticket, promise] = state->begin(info.Env());
    state->run_in_background([state, ticket = ticket, native = take_free()]() mutable {
        native.reset();
        state->resolve(ticket, [](Napi::Env env) -> Napi::Value { return env.Undefined(); });
    });
    return promise;
}

const TextEmbeddingPipeline& PipelineWrap::pipeline(Napi::Env env) const {
    if (!m_native) throw to_js(env, Error(ErrorCode::Closed, "The pipeline was closed."));
    return *m_native;
}

Napi::Value PipelineWrap::hidden_size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(engine(info.Env()).hidden()));
}

Napi::Value PipelineWrap::dimensions(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(pipeline(info.Env()).dimensions()));
}

Napi::Value PipelineWrap::max_positions(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(engine(info.Env()).max_positions()));
}

Napi::Value PipelineWrap::pooled_in_graph(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), engine(info.Env()).pooled());
}

Napi::Value PipelineWrap::masks_padding(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), engine(info.Env()).masked());
}

Napi::Value PipelineWrap::from_blob(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), engine(info.Env()).from_blob());
}

Napi::Value PipelineWrap::quantization(const Napi::CallbackInfo& info) {
    const auto stored = engine(info.Env()).quantization();
    const char* name = stored == quantization::Stored::None      ? "none"
                       : stored == quantization::Stored::Weights ? "weights"
                                                                 : "static";
    return Napi::String::New(info.Env(), name);
}

Napi::Value PipelineWrap::blob_problem(const Napi::CallbackInfo& info) {
    const auto& problem = engine(info.Env()).blob_problem();
    if (problem.empty()) return info.Env().Null();
    return Napi::String::New(info.Env(), problem);
}

Napi::Value PipelineWrap::execution_devices(const Napi::CallbackInfo& info) {
    const auto devices = engine(info.Env()).execution_devices();
    auto result = Napi::Array::New(info.Env(), devices.size());
    for (uint32_t i = 0; i < devices.size(); ++i) result.Set(i, Napi::String::New(info.Env(), devices[i]));
    return result;
}

Napi::Value PipelineWrap::streams(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), engine(info.Env()).streams());
}

Napi::Value PipelineWrap::threads(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), engine(info.Env()).threads());
}

Napi::Value PipelineWrap::concurrency(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(engine(info.Env()).concurrency()));
}

}  // namespace ovembed
