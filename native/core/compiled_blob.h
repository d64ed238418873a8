// Compiled models on disk, so that a second load need not compile.
#pragma once

#include <functional>
#include <memory>
#include <openvino/runtime/compiled_model.hpp>
#include <optional>
#include <string>

#include "core/mapped_file.h"
#include "core/quantization/stored.h"

namespace ovembed {

struct CompiledModel {
    // What the compiled model may still point into, the weights or the blob. Before `model`, so that it dies after it.
    MappedFiles pages;
    ov::CompiledModel model;
    size_t max_positions = 0;  // as in ModelGraph
    size_t vocabulary = 0;
    quantization::Stored quantization = quantization::Stored::None;
    uint64_t activation_group = 0;  // as compile_properties() took it
};

// A blob file is what OpenVINO exported, followed by a 64-byte trailer (magic, version, checksums, the three
// figures above). A trailer rather than a header, so that the exported bytes start at offset 0 and stay page-aligned.
// The caller's file name says what it was compiled from and for; the checksums say that it is whole. Several processes
// may read and write the same file: it appears by rename, whole or not at all.

// What a model is imported with, which depends on a figure of its trailer.
using PropertiesFor = std::function<ov::AnyMap(uint64_t activation_group)>;

// Empty when there is no such file. Throws ModelInvalid for a file that is not whole or that the device refuses.
std::optional<CompiledModel> import_blob(const std::string& file, const std::string& device,
                                         const PropertiesFor& properties);

// Throws ModelInvalid when the device cannot export, the file cannot be written or the weights changed meanwhile; the
// model stays usable.
void export_blob(const std::string& file, CompiledModel& compiled);

}  // namespace ovembed
