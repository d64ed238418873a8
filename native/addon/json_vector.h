// jsonVector: a vector as text, on the JavaScript thread.
#pragma once

#include "addon/napi_setup.h"

namespace ovembed {

Napi::Value json_vector(const Napi::CallbackInfo& info);

}  // namespace ovembed
