#include "addon/json_vector.h"

#include "addon/element_arrays.h"
#include "addon/env_state.h"
#include "core/error.h"
#include "core/vectors/json_vector.h"

namespace ovembed {

Napi::Value json_vector(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    const auto vector = elements_of(info[0], VectorType::Float32, "the vector");
    try {
        const auto json = to_json(static_cast<const float*>(vector.data), vector.count);
        napi_value text = nullptr;
        // ASCII: spares V8 the look for longer characters.
        NAPI_THROW_IF_FAILED(env, napi_create_string_latin1(env, json.data(), json.size(), &text), Napi::Value());
        return {env, text};
    } catch (const Error& error) {
        throw to_js(env, error);
    }
}

}  // namespace ovembed
