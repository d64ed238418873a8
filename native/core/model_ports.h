// The inputs and the output of a text encoder, found by name.
#pragma once

#include <cstddef>
#include <openvino/core/type/element_type.hpp>
#include <openvino/runtime/compiled_model.hpp>
#include <optional>

namespace ovembed {

struct ModelPorts {
    size_t input_ids = 0;
    size_t attention_mask = 0;
    std::optional<size_t> token_type_ids;
    std::optional<size_t> position_ids;
    ov::element::Type input_type;  // i64 or i32, the same for all inputs

    size_t output = 0;
    ov::element::Type output_type;  // f32, bf16 or f16
    size_t hidden = 0;
    bool pooled = false;  // the output is [rows, hidden] (sentence_embedding), not [rows, tokens, hidden]
};

// Throws ModelUnsupported when an input is unknown, a needed one is missing or has another type or rank, or when no
// output can be told to be last_hidden_state, token_embeddings, sentence_embedding or the only one.
ModelPorts find_ports(const ov::CompiledModel& model);

}  // namespace ovembed
