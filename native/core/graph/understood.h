// Whether a checkpoint is what its model_type says: vectors of a network that was built as another would look fine.
#pragma once

#include <string>

#include "core/json.h"
#include "core/safetensors.h"

namespace ovembed::graph {

// The Python class that computes the model, by `auto_map`; empty if there is none but transformers' own.
std::string custom_class(const Json& config);

// Throws ModelUnsupported for a checkpoint that transformers runs by Python code of its own (`auto_map`), unless that
// is the published code of an architecture in this folder.
void refuse_custom_code(const Json& config);

// Throws ModelUnsupported if a layer that the graph was built from has tensors that it was not built from, such as a
// normalisation, bias or adapter more than the architecture has. Heads, poolers, decoders, and layers beyond those that
// config.json counts lie beside these layers and are none of the encoder's business. Call it once the graph is built.
void refuse_leftovers(const Json& config, const Safetensors& weights);

}  // namespace ovembed::graph
