// Compiled models made before the machine that runs them is at hand.
#pragma once

#include "core/compile.h"

namespace ovembed {

// Compiles and writes `options.blob_file`, whatever is there. With a platform the device need not be here, but the NPU
// compiler has to be. Throws Error: DeviceUnavailable if it is not.
void compile_ahead(const EngineOptions& options);

}  // namespace ovembed
