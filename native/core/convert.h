// A model of any source written as OpenVINO IR, with weights of another type.
#pragma once

#include <string>

#include "core/batch.h"
#include "core/model_reader.h"

namespace ovembed {

// Writes `xml` and, beside it, a .bin. `weights` is int8 (quantization::quantize_weights), f32, f16 or bf16; weights
// that the file holds in 8 bits already stay as they are. Throws Error.
void convert_model(const ModelSource& source, const std::string& weights, const std::string& xml);

// The same with int8 weights, and activations that are quantised by their ranges over the batches
// (quantization::quantize_statically). Throws Error.
void quantize_model(const ModelSource& source, const std::vector<Batch>& calibration, const std::string& xml);

// Ends in the graph's file; throws ModelInvalid if the weights changed while they were being read.
void save_graph(const ModelGraph& graph, const std::string& xml);

}  // namespace ovembed
