// Reading of plain option objects. lib/ validates what users write; a wrong type here is a defect in lib/.
#pragma once

#include <optional>
#include <string>

#include "addon/napi_setup.h"

namespace ovembed {

inline std::string text_option(const Napi::Object& options, const char* name) {
    const Napi::Value value = options.Get(name);
    if (!value.IsString())
        throw Napi::TypeError::New(options.Env(), std::string("Expected a string for ") + name + ".");
    return value.As<Napi::String>().Utf8Value();
}

inline uint32_t to_unsigned(const Napi::Value& value, const char* name) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    const bool fits =
        number >= 0 && number <= 4294967295.0 && number == static_cast<double>(static_cast<uint32_t>(number));
    if (!fits) throw Napi::TypeError::New(value.Env(), std::string("Expected an unsigned integer for ") + name + ".");
    return static_cast<uint32_t>(number);
}

inline uint32_t integer_option(const Napi::Object& options, const char* name) {
    return to_unsigned(options.Get(name), name);
}

// The number that names a piece of work; none where it is undefined.
inline std::optional<uint64_t> job_number(const Napi::Value& value) {
    if (value.IsUndefined()) return std::nullopt;
    constexpr double kLargest = 9007199254740991.0;  // Number.MAX_SAFE_INTEGER
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    const bool fits = number >= 0 && number <= kLargest && number == static_cast<double>(static_cast<uint64_t>(number));
    if (!fits) throw Napi::TypeError::New(value.Env(), "Expected an unsigned integer for job.");
    return static_cast<uint64_t>(number);
}

inline bool boolean_option(const Napi::Object& options, const char* name) {
    const Napi::Value value = options.Get(name);
    if (!value.IsBoolean())
        throw Napi::TypeError::New(options.Env(), std::string("Expected a boolean for ") + name + ".");
    return value.As<Napi::Boolean>().Value();
}

inline Napi::Object object_argument(const Napi::CallbackInfo& info, size_t index) {
    if (!info[index].IsObject()) throw Napi::TypeError::New(info.Env(), "Expected an options object.");
    return info[index].As<Napi::Object>();
}

}  // namespace ovembed
