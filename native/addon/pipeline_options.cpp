#include "addon/pipeline_options.h"

#include "addon/options.h"

namespace ovembed {
namespace {

Napi::Array array_option(const Napi::Object& options, const char* name) {
    const Napi::Value value = options.Get(name);
    if (!value.IsArray()) throw Napi::TypeError::New(options.Env(), std::string("Expected an array for ") + name + ".");
    return value.As<Napi::Array>();
}

// The core's errors about an option are a defect in lib/, as are those of options.h.
template <typename Parse>
auto parsed(const Napi::Object& options, const char* name, const Parse& parse) {
    try {
        return parse(text_option(options, name));
    } catch (const Error& error) {
        throw Napi::TypeError::New(options.Env(), error.what());
    }
}

ModuleOptions to_module(const Napi::Object& module) {
    const auto type = text_option(module, "type");
    if (type == "dense") {
        return DenseOptions{text_option(module, "file"), integer_option(module, "inFeatures"),
                            integer_option(module, "outFeatures"), boolean_option(module, "bias"),
                            parsed(module, "activation", activation_of)};
    }
    if (type == "layerNorm") return LayerNormOptions{text_option(module, "file"), integer_option(module, "dimension")};
    if (type == "normalize") return NormalizeOptions{};
    throw Napi::TypeError::New(module.Env(), "Expected 'dense', 'layerNorm' or 'normalize' for the type of a module.");
}

std::vector<std::string> to_texts(const Napi::Value& value) {
    std::vector<std::string> texts;
    if (!value.IsArray()) return texts;
    const auto array = value.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); ++i) texts.push_back(array.Get(i).ToString().Utf8Value());
    return texts;
}

}  // namespace

ModelSource to_source(const Napi::Object& options) {
    const auto source = options.Get("source").As<Napi::Object>();
    return {source_kind(text_option(source, "kind")), text_option(source, "file"), to_texts(source.Get("files"))};
}

EngineOptions to_engine_options(const Napi::Object& options) {
    EngineOptions engine;
    engine.source = to_source(options);
    engine.device = text_option(options, "device");
    engine.precision = text_option(options, "precision");
    engine.int8_weights = boolean_option(options, "int8Weights");
    engine.int8_activations = boolean_option(options, "int8Activations");
    engine.streams = static_cast<int>(integer_option(options, "streams"));
    engine.threads = static_cast<int>(integer_option(options, "threads"));
    if (const Napi::Value shape = options.Get("shape"); shape.IsObject()) {
        const auto sides = shape.As<Napi::Object>();
        engine.shape = ov::Shape{integer_option(sides, "rows"), integer_option(sides, "width")};
    }
    const Napi::Value blob = options.Get("blobFile");
    if (!blob.IsNull() && !blob.IsUndefined()) engine.blob_file = text_option(options, "blobFile");
    return engine;
}

PoolingOptions to_pooling_options(const Napi::Object& options) {
    PoolingOptions pooling;
    const auto types = array_option(options, "pooling");
    pooling.types.clear();
    for (uint32_t i = 0; i < types.Length(); ++i) pooling.types.push_back(pooling_type(types.Get(i).ToString()));
    pooling.padding_side = text_option(options, "paddingSide") == "left" ? PaddingSide::Left : PaddingSide::Right;
    pooling.pad_token_id = integer_option(options, "padTokenId");
    return pooling;
}

std::vector<ModuleOptions> to_module_options(const Napi::Object& options) {
    const auto array = array_option(options, "modules");
    std::vector<ModuleOptions> modules;
    for (uint32_t i = 0; i < array.Length(); ++i) modules.push_back(to_module(array.Get(i).As<Napi::Object>()));
    return modules;
}

}  // namespace ovembed
