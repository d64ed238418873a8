// What the core found out about a model, as lib/native.ts has it.
#pragma once

#include "addon/napi_setup.h"
#include "core/model_report.h"

namespace ovembed {

Napi::Value to_js_report(Napi::Env env, const ModelReport& report);

}  // namespace ovembed
