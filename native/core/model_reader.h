// From files to an OpenVINO graph. One function per kind of source behind one interface.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>
#include <string>
#include <vector>

#include "core/mapped_file.h"
#include "core/quantization/stored.h"

namespace ovembed {

enum class SourceKind { OpenVino, Onnx, Safetensors };

// Throws InvalidArgument for a name that is none of openvino, onnx, safetensors.
SourceKind source_kind(const std::string& name);

struct ModelSource {
    SourceKind kind;
    std::string
        file;  // openvino: .xml (.bin beside it); onnx: .onnx; safetensors: .safetensors (config.json beside it)
    // All files of the source, `file` among them, where there are more than its kind always has: the shards of
    // safetensors, the external data of ONNX.
    std::vector<std::string> files{};
};

// The files that are read: the source's own and those beside it that it needs.
std::vector<std::string> files_of(const ModelSource& source);

struct ModelGraph {
    std::shared_ptr<ov::Model> model;  // inputs [?, ?], whatever the file said
    size_t max_positions = 0;          // longest row by the position embeddings; 0: no limit found
    size_t vocabulary = 0;             // rows of the word embedding table; 0: not known
    quantization::Stored quantization = quantization::Stored::None;  // of the file
    std::string file;
    MappedFiles weights;  // what the constants point into; empty where OpenVINO read the files itself
};

// Throws ModelNotFound, ModelInvalid or ModelUnsupported.
ModelGraph read_model(const ModelSource& source);

}  // namespace ovembed
