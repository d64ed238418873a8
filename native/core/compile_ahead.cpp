#include "core/compile_ahead.h"

#include <algorithm>
#include <openvino/runtime/intel_npu/properties.hpp>

#include "core/error.h"
#include "core/runtime.h"

namespace ovembed {
namespace {

// The plugin knows platforms only where it finds the compiler beside itself.
void check_compiler(const std::string& device) {
    const std::string platform = ov::intel_npu::platform.name();
    std::string problem = "its plugin does not list " + platform + ".";
    try {
        const auto known = runtime().get_property(device, ov::supported_properties);
        if (std::count(known.begin(), known.end(), platform) > 0) return;
    } catch (const std::exception& missing) {
        problem = missing.what();  // no plugin
    }
    throw Error(ErrorCode::DeviceUnavailable,
                "OpenVINO has no compiler for " + device +
                    " here, as on every system but Windows, where its compiler for NPUs is part of the package.",
                problem);
}

}  // namespace

void compile_ahead(const EngineOptions& options) {
    if (options.platform.empty())
        check(options);
    else
        check_compiler(options.device);
    CompiledModel compiled = compile(options);
    export_blob(options.blob_file, compiled);
}

}  // namespace ovembed
