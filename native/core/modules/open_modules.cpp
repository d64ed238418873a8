#include "core/modules/open_modules.h"

#include "core/modules/normalize.h"

namespace ovembed {
namespace {

struct Open {
    std::shared_ptr<const Module> operator()(const DenseOptions& options) const {
        return std::make_shared<Dense>(options);
    }
    std::shared_ptr<const Module> operator()(const LayerNormOptions& options) const {
        return std::make_shared<LayerNorm>(options);
    }
    std::shared_ptr<const Module> operator()(const NormalizeOptions&) const { return std::make_shared<Normalize>(); }
};

}  // namespace

Modules open_modules(const std::vector<ModuleOptions>& options) {
    Modules modules;
    for (const auto& module : options) modules.push_back(std::visit(Open(), module));
    return modules;
}

}  // namespace ovembed
