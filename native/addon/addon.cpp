#include "addon/addon.h"

#include "addon/arrays.h"
#include "addon/encoding_wrap.h"
#include "addon/flat_index_wrap.h"
#include "addon/json_vector.h"
#include "addon/loading.h"
#include "addon/model_report.h"
#include "addon/options.h"
#include "addon/pipeline_options.h"
#include "addon/pipeline_wrap.h"
#include "addon/tokenizer_wrap.h"
#include "addon/vector_conversion.h"
#include "addon/vector_pooling.h"
#include "core/activity.h"
#include "core/compile_ahead.h"
#include "core/convert.h"
#include "core/cpus.h"
#include "core/faults.h"
#include "core/file_lock.h"
#include "core/heap.h"
#include "core/runtime.h"

namespace ovembed {
namespace {

Napi::Value to_js_devices(Napi::Env env, const std::vector<Device>& devices) {
    auto result = Napi::Array::New(env, devices.size());
    for (uint32_t i = 0; i < devices.size(); ++i) {
        auto capabilities = Napi::Array::New(env, devices[i].capabilities.size());
        for (uint32_t c = 0; c < devices[i].capabilities.size(); ++c) {
            capabilities.Set(c, Napi::String::New(env, devices[i].capabilities[c]));
        }
        auto device = Napi::Object::New(env);
        device.Set("name", Napi::String::New(env, devices[i].name));
        device.Set("fullName", Napi::String::New(env, devices[i].full_name));
        device.Set("driver", devices[i].driver.empty() ? env.Null() : Napi::String::New(env, devices[i].driver));
        device.Set("capabilities", capabilities);
        result.Set(i, device);
    }
    return result;
}

Napi::Value to_js_properties(Napi::Env env, const std::map<std::string, std::optional<std::string>>& properties) {
    auto result = Napi::Object::New(env);
    for (const auto& [name, value] : properties) result.Set(name, value ? Napi::String::New(env, *value) : env.Null());
    return result;
}

}  // namespace

OvembedAddon::OvembedAddon(Napi::Env env, Napi::Object exports)
    : tokenizer_class(Napi::Persistent(TokenizerWrap::define(env))),
      encoding_class(Napi::Persistent(EncodingWrap::define(env))),
      pipeline_class(Napi::Persistent(PipelineWrap::define(env))),
      flat_index_class(Napi::Persistent(FlatIndexWrap::define(env))),
      m_state(EnvState::create(env)) {
    try {
        faults::prepare();
    } catch (const Error& error) {
        throw to_js(env, error);
    }
    DefineAddon(exports, {InstanceMethod("devices", &OvembedAddon::devices),
                          InstanceMethod("deviceProperties", &OvembedAddon::device_properties),
                          InstanceMethod("registerPlugin", &OvembedAddon::register_plugin),
                          InstanceMethod("modelReport", &OvembedAddon::report_model),
                          InstanceMethod("loadTokenizer", &OvembedAddon::load_tokenizer),
                          InstanceMethod("loadPipeline", &OvembedAddon::load_pipeline),
                          InstanceMethod("convertModel", &OvembedAddon::convert_model),
                          InstanceMethod("compileAhead", &OvembedAddon::compile_ahead),
                          InstanceMethod("quantizeModel", &OvembedAddon::quantize_model),
                          InstanceMethod("stop", &OvembedAddon::stop),
                          InstanceMethod("quantizeVectors", &OvembedAddon::quantize_vectors),
                          InstanceMethod("dequantizeVectors", &OvembedAddon::dequantize_vectors),
                          InstanceMethod("jsonVector", &OvembedAddon::json_vector),
                          InstanceMethod("poolVectors", &OvembedAddon::pool_vectors),
                          InstanceMethod("createFlatIndex", &OvembedAddon::create_flat_index),
                          InstanceMethod("trimHeap", &OvembedAddon::trim_heap),
                          InstanceMethod("lockFile", &OvembedAddon::lock_file),
                          InstanceMethod("availableCpus", &OvembedAddon::available_cpus),
                          InstanceMethod("performanceCpus", &OvembedAddon::performance_cpus),
                          InstanceValue("runtimeVersion", Napi::String::New(env, runtime_version()), napi_enumerable)});
}

Napi::Value OvembedAddon::devices(const Napi::CallbackInfo& info) {
    return run_loading(info.Env(), m_state, load_pool, "The devices could not be listed.", available_devices,
                       to_js_devices);
}

Napi::Value OvembedAddon::device_properties(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    if (!info[0].IsString()) throw Napi::TypeError::New(env, "Expected the name of a device.");
    return run_loading(
        env, m_state, load_pool, "The device could not be asked.",
        [device = info[0].As<Napi::String>().Utf8Value()] { return ovembed::device_properties(device); },
        to_js_properties);
}

void OvembedAddon::register_plugin(const Napi::CallbackInfo& info) {
    if (!info[0].IsString() || !info[1].IsString()) {
        throw Napi::TypeError::New(info.Env(), "Expected the name of a device and the path of its plugin.");
    }
    ovembed::register_plugin(info[0].As<Napi::String>(), info[1].As<Napi::String>());
}

Napi::Value OvembedAddon::report_model(const Napi::CallbackInfo& info) {
    const auto options = object_argument(info, 0);
    const auto widths = to_vector(options.Get("widths"));
    const auto report = [engine = to_engine_options(options), asks = boolean_option(options, "asksDevice"),
                         widths = std::vector<size_t>(widths.begin(), widths.end())] {
        return ovembed::report_model(engine, widths, asks);
    };
    return run_loading(info.Env(), m_state, compile_pool, "The model could not be looked at.", report, to_js_report);
}

Napi::Value OvembedAddon::load_tokenizer(const Napi::CallbackInfo& info) {
    const auto options = object_argument(info, 0);
    const auto file = text_option(options, "file");
    const bool lower_case = options.Get("lowerCase").ToBoolean();
    return run_loading(
        info.Env(), m_state, load_pool, "The tokenizer could not be loaded.",
        [file, lower_case] { return std::make_shared<const Tokenizer>(file, lower_case); },
        [](Napi::Env env, const std::shared_ptr<const Tokenizer>& tokenizer) {
            return TokenizerWrap::new_instance(OvembedAddon::of(env).tokenizer_class, tokenizer);
        });
}

Napi::Value OvembedAddon::load_pipeline(const Napi::CallbackInfo& info) {
    const auto options = object_argument(info, 0);
    const auto load = [engine = to_engine_options(options), pooling = to_pooling_options(options),
                       modules = to_module_options(options)] {
        // The modules first: what is wrong with them shows sooner than a model is compiled.
        auto opened = open_modules(modules);
        return std::make_shared<TextEmbeddingPipeline>(InferenceEngine::open(engine), pooling, std::move(opened));
    };
    return run_loading(info.Env(), m_state, compile_pool, "The model could not be loaded.", load,
                       [](Napi::Env env, const std::shared_ptr<TextEmbeddingPipeline>& pipeline) {
                           return PipelineWrap::new_instance(OvembedAddon::of(env).pipeline_class, pipeline);
                       });
}

Napi::Value OvembedAddon::convert_model(const Napi::CallbackInfo& info) {
    const auto options = object_argument(info, 0);
    const auto convert = [source = to_source(options), weights = text_option(options, "weights"),
                          file = text_option(options, "file")] {
        ovembed::convert_model(source, weights, file);
        return true;
    };
    return run_loading(info.Env(), m_state, compile_pool, "The model could not be converted.", convert,
                       [](Napi::Env env, bool) -> Napi::Value { return env.Undefined(); });
}

Napi::Value OvembedAddon::compile_ahead(const Napi::CallbackInfo& info) {
    const auto options = object_argument(info, 0);
    auto engine = to_engine_options(options);
    if (!options.Get("platform").IsNull()) engine.platform = text_option(options, "platform");
    const auto compile = [engine = std::move(engine)] {
        ovembed::compile_ahead(engine);
        return true;
    };
    return run_loading(info.Env(), m_state, compile_pool, "The model could not be compiled.", compile,
                       [](Napi::Env env, bool) -> Napi::Value { return env.Undefined(); });
}

Napi::Value OvembedAddon::quantize_model(const Napi::CallbackInfo& info) {
    const auto options = object_argument(info, 0);
    const auto encoding = EncodingWrap::unwrap(options.Get("encoding")).encoding(info.Env());
    std::vector<Batch> batches;
    const auto array = options.Get("batches").As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); ++i) {
        const auto batch = array.Get(i).As<Napi::Object>();
        batches.push_back({{{encoding, to_vector(batch.Get("rows"))}},
                           integer_option(batch, "bucket"),
                           PaddingSide::Right,
                           integer_option(options, "padTokenId")});
    }
    const auto quantize = [source = to_source(options), batches = std::move(batches),
                           file = text_option(options, "file")] {
        ovembed::quantize_model(source, batches, file);
        return true;
    };
    return run_loading(info.Env(), m_state, compile_pool, "The model could not be quantised.", quantize,
                       [](Napi::Env env, bool) -> Napi::Value { return env.Undefined(); });
}

Napi::Value OvembedAddon::create_flat_index(const Napi::CallbackInfo& info) {
    return FlatIndexWrap::new_instance(flat_index_class, FlatIndexWrap::create(object_argument(info, 0)));
}

Napi::Value OvembedAddon::quantize_vectors(const Napi::CallbackInfo& info) { return ovembed::quantize_vectors(info); }

Napi::Value OvembedAddon::dequantize_vectors(const Napi::CallbackInfo& info) {
    return ovembed::dequantize_vectors(info);
}

Napi::Value OvembedAddon::json_vector(const Napi::CallbackInfo& info) { return ovembed::json_vector(info); }

Napi::Value OvembedAddon::pool_vectors(const Napi::CallbackInfo& info) { return ovembed::pool_vectors(info); }

void OvembedAddon::stop(const Napi::CallbackInfo&) { Activity::stop(kShutDownLimit); }

void OvembedAddon::trim_heap(const Napi::CallbackInfo&) { m_state->run_in_background(ovembed::trim_heap); }

Napi::Value OvembedAddon::available_cpus(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), ovembed::available_cpus());
}

Napi::Value OvembedAddon::performance_cpus(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), ovembed::performance_cpus());
}

Napi::Value OvembedAddon::lock_file(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    if (!info[0].IsString()) throw Napi::TypeError::New(env, "Expected the path of a file.");
    std::shared_ptr<FileLock> lock;
    try {
        lock = FileLock::try_lock(info[0].As<Napi::String>().Utf8Value());
    } catch (const Error& error) {
        throw to_js(env, error);
    }
    if (!lock) return env.Null();
    // The function holds the lock; the end of the environment frees both.
    return Napi::Function::New(env, [lock](const Napi::CallbackInfo&) mutable { lock.reset(); }, "release");
}

}  // namespace ovembed

using ovembed::OvembedAddon;
NODE_API_ADDON(OvembedAddon)
