// JavaScript objects that hold a native one.
#pragma once

#include <memory>

#include "addon/napi_setup.h"

namespace ovembed {

// A class whose instances are made by native code only: new_instance() hands the native object to the constructor in an
// External, and take_native() refuses any other argument.
template <typename Wrapper, typename Native>
class Wrapped : public Napi::ObjectWrap<Wrapper> {
public:
    explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Wrapper>(info), m_native(take_native(info)) {
        info.This().As<Napi::Object>().TypeTag(&Wrapper::kTypeTag);
    }

    static Napi::Object new_instance(const Napi::FunctionReference& constructor, std::shared_ptr<Native> native) {
        return constructor.New({Napi::External<std::shared_ptr<Native>>::New(constructor.Env(), &native)});
    }

    // The wrapper behind a JavaScript value. Throws a TypeError when the value is something else: without the type tag
    // a foreign object would be read as ours.
    static Wrapper& unwrap(const Napi::Value& value) {
        const bool ours = value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&Wrapper::kTypeTag);
        if (!ours) throw Napi::TypeError::New(value.Env(), std::string("Expected a native ") + Wrapper::kName + ".");
        return *Wrapper::Unwrap(value.As<Napi::Object>());
    }

protected:
    std::shared_ptr<Native> m_native;

private:
    static std::shared_ptr<Native> take_native(const Napi::CallbackInfo& info) {
        if (info.Length() != 1 || !info[0].IsExternal()) {
            throw Napi::TypeError::New(info.Env(), std::string(Wrapper::kName) + " is made by loading, not by new.");
        }
        return *info[0].As<Napi::External<std::shared_ptr<Native>>>().Data();
    }
};

}  // namespace ovembed
