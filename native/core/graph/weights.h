// The weights of a model as graph constants, checked by name and shape.
#pragma once

#include <memory>
#include <openvino/core/node.hpp>
#include <string>

#include "core/safetensors.h"

namespace ovembed::graph {

class Weights {
public:
    // `prefix` is what some checkpoints put before every name ("bert."); it is used when `probe` exists only with it.
    Weights(std::shared_ptr<const Safetensors> file, const std::string& prefix, const std::string& probe);

    // The tensor in f32, without copying if it is stored so. f16 and bf16 are widened when the model is compiled.
    // Throws ModelInvalid when it is missing or has another shape, ModelUnsupported for an integer or f64 dtype.
    ov::Output<ov::Node> get(const std::string& name, const ov::Shape& shape) const;

    // Rows [first, first + count) of a tensor of that shape, likewise without copying.
    ov::Output<ov::Node> get_rows(const std::string& name, const ov::Shape& shape, size_t first, size_t count) const;

    bool has(const std::string& name) const { return m_file->find(m_prefix + name) != nullptr; }

private:
    std::shared_ptr<const Safetensors> m_file;
    std::string m_prefix;
};

}  // namespace ovembed::graph
