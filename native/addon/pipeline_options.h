// PipelineOptions of lib/native.ts in the core's terms.
#pragma once

#include <vector>

#include "addon/napi_setup.h"
#include "core/compile.h"
#include "core/modules/open_modules.h"
#include "core/text_embedding_pipeline.h"

namespace ovembed {

// What is under `source`.
ModelSource to_source(const Napi::Object& options);
EngineOptions to_engine_options(const Napi::Object& options);
PoolingOptions to_pooling_options(const Napi::Object& options);
std::vector<ModuleOptions> to_module_options(const Napi::Object& options);

}  // namespace ovembed
