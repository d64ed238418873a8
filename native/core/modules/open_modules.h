// From descriptions of modules to modules.
#pragma once

#include <variant>

#include "core/modules/dense.h"
#include "core/modules/layer_norm.h"
#include "core/modules/module.h"

namespace ovembed {

struct NormalizeOptions {};

using ModuleOptions = std::variant<DenseOptions, LayerNormOptions, NormalizeOptions>;

// Reads the weights of each, in order. Throws ModelNotFound, ModelInvalid or ModelUnsupported.
Modules open_modules(const std::vector<ModuleOptions>& options);

}  // namespace ovembed
