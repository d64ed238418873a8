// From a model's files to a compiled model, and with which of OpenVINO's properties.
#pragma once

#include <openvino/core/any.hpp>
#include <openvino/core/shape.hpp>
#include <optional>
#include <string>

#include "core/compiled_blob.h"
#include "core/model_reader.h"

namespace ovembed {

struct EngineOptions {
    ModelSource source;
    std::string device;
    std::string precision;             // f32, bf16 or f16: of all that is not in 8 bits
    bool int8_weights = false;         // weights are quantised, unless the file's are already
    bool int8_activations = false;     // activations before 8-bit weights are quantised, token by token, as they come
    int streams = 1;                   // batches that the device works on at once
    int threads = 1;                   // CPU threads of all streams together
    std::optional<ov::Shape> shape{};  // {rows, width}: the only input that is taken; saves the work of other shapes
    std::string blob_file;             // empty: compiled models are not kept
    std::string platform;              // the kind of NPU, such as 4000; empty: that of the device, which is here
};

// Throws InvalidArgument or DeviceUnavailable for options that this machine cannot serve.
void check(const EngineOptions& options);

// `activation_group` is that of quantization::activation_group; 0: activations are not quantised.
ov::AnyMap compile_properties(const EngineOptions& options, uint64_t activation_group);

// The model as it is compiled, but for its shapes. Throws as read_model() does.
ModelGraph read_for(const EngineOptions& options);

// Gives all inputs, ids, mask, token types and positions alike, one fixed shape: {rows, width}.
void fix_shape(ov::Model& model, const ov::Shape& shape);

// Reads and compiles, whatever the blob file holds. Throws Error.
CompiledModel compile(const EngineOptions& options);

}  // namespace ovembed
