// Tensors of .safetensors files, read in place from memory maps (format: huggingface/safetensors, "Format").
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
    std::shared_ptr<MappedFile> file;  // constants of a graph hold it, to keep the mapped pages alive
};

class Safetensors {
public:
    // Validates the whole header against the file's length before anything else is used: offsets, shapes, dtypes.
    // Throws ModelNotFound or ModelInvalid.
    explicit Safetensors(const std::string& path) : Safetensors(std::vector<std::string>{path}) {}

    // The shards of one model, at least one. Throws ModelInvalid, too, for a tensor that is in two of them.
    explicit Safetensors(const std::vector<std::string>& shards);

    // Null if there is none.
    const TensorView* find(const std::string& name) const;
    // Throws ModelInvalid when it is missing or has another shape, ModelUnsupported for a dtype other than F32, F16 and
    // BF16.
    const TensorView& find_weight(const std::string& name, const ov::Shape& shape) const;

    // Names of the tensors that a graph was built from, noted as it is built, and of all others.
    void note_use(const std::string& name) const { m_used.insert(name); }
    const std::set<std::string>& used() const noexcept { return m_used; }
    std::vector<std::string> unused() const;

    const MappedFiles& files() const noexcept { return m_files; }
    // For messages: the first file, and how many more there are.
    std::string name() const;

private:
    void add(const std::shared_ptr<MappedFile>& file);

    MappedFiles m_files;
    std::map<std::string, TensorView> m_tensors;
    mutable std::set<std::string> m_used;  // by the one thread that builds the graph
};

}  // namespace ovembed
