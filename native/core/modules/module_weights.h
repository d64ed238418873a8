// The weights of one module, from its model.safetensors.
#pragma once

#include <string>
#include <vector>

#include "core/safetensors.h"

namespace ovembed {

class ModuleWeights {
public:
    // Throws ModelNotFound or ModelInvalid.
    explicit ModuleWeights(const std::string& file) : m_file(file) {}

    bool has(const std::string& name) const { return m_file.find(name) != nullptr; }

    // A copy of the tensor's values in f32. Throws ModelInvalid when it is missing, has another shape or the file was
    // changed meanwhile, ModelUnsupported for a dtype other than F32, F16 and BF16.
    std::vector<float> read(const std::string& name, const ov::Shape& shape) const;

private:
    Safetensors m_file;
};

}  // namespace ovembed
