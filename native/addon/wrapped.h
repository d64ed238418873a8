// JavaScript objects that hold a native one.
#pragma once

#include <memory>

#include "addon/napi_setup.h"

namespace ovembed {

// A class whose instances are made by native code only: new_instance() hands the native object to the constructor in an
// External of the class's own tag, and take_native() refuses any other argument.
template <typename Wrapper, typename Native>
class Wrapped : public Napi::ObjectWrap<Wrapper> {
public:
    explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Wrapper>(info), m_native(take_native(info)) {
        info.This().As<Napi::Object>().TypeTag(&Wrapper::kTypeTag);
    }

    static Napi::Object new_instance(const Napi::FunctionReference& constructor, std::shared_ptr<Native> native) {
        const auto external = Napi::External<std::shared_ptr<Native>>::New(constructor.Env(), &native);
        external.TypeTag(&Wrapper::kTypeTag);
        return constructor.New({external});
    }

    void Finalize(Napi::BasicEnv env) override { account(env, 0); }

    // The wrapper behind a JavaScript value. Throws a TypeError when the value is something else: without the type tag
    // a foreign object would be read as ours.
    static Wrapper& unwrap(const Napi::Value& value) {
        const bool ours = value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&Wrapper::kTypeTag);
        if (!ours) throw Napi::TypeError::New(value.Env(), std::string("Expected a native ") + Wrapper::kName + ".");
        return *Wrapper::Unwrap(value.As<Napi::Object>());
    }

protected:
    // Tells the garbage collector how much the native object takes: it sees a few bytes where there are megabytes, and
    // would come too late.
    void account(napi_env env, int64_t bytes) {
        int64_t total = 0;
        if (bytes != m_bytes) napi_adjust_external_memory(env, bytes - m_bytes, &total);
        m_bytes = bytes;
    }

    std::shared_ptr<Native> m_native;

private:
    static std::shared_ptr<Native> take_native(const Napi::CallbackInfo& info) {
        using External = Napi::External<std::shared_ptr<Native>>;
        const bool ours = info[0].IsExternal() && info[0].As<External>().CheckTypeTag(&Wrapper::kTypeTag);
        if (!ours) {
            throw Napi::TypeError::New(info.Env(), std::string(Wrapper::kName) + " is made by loading, not by new.");
        }
        return *info[0].As<External>().Data();
    }

    int64_t m_bytes = 0;  // as told to the garbage collector
};

}  // namespace ovembed
