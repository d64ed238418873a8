// Tensors of a .safetensors file, read in place from a memory map (format: huggingface/safetensors, "Format").
#pragma once

#include <map>
#include <memory>
#include <openvino/core/shape.hpp>
#include <openvino/core/type/element_type.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/mapped_file.h"

namespace ovembed {

struct TensorView {
    ov::element::Type type;  // f32, f16, bf16, …; dynamic for a dtype that OpenVINO lacks
    std::string dtype;       // as written in the file
    ov::Shape shape;
    const void* data;
};

class Safetensors {
public:
    // Validates the whole header against the file's length before anything else is used: offsets, shapes, dtypes.
    // Throws ModelNotFound or ModelInvalid.
    explicit Safetensors(const std::string& path);

    const TensorView* find(const std::string& name) const;

    // Names of the tensors that a graph was built from, noted as it is built, and of all others.
    void note_use(const std::string& name) const { m_used.insert(name); }
    const std::set<std::string>& used() const noexcept { return m_used; }
    std::vector<std::string> unused() const;

    // Constants of a graph hold it, to keep the mapped pages alive.
    const std::shared_ptr<MappedFile>& file() const noexcept { return m_file; }

private:
    std::shared_ptr<MappedFile> m_file;
    std::map<std::string, TensorView> m_tensors;
    mutable std::set<std::string> m_used;  // by the one thread that builds the graph
};

}  // namespace ovembed
