// The inputs and the output of a text encoder, found by name.
#pragma once

#include <cstddef>
#include <openvino/core/type/element_type.hpp>
#include <openvino/runtime/compiled_model.hpp>
#include <optional>
#include <vector>

namespace ovembed {

struct ModelPorts {
    size_t input_ids = 0;
    std::optional<size_t> attention_mask;  // without one, a row's vectors depend on its padding
    std::optional<size_t> token_type_ids;
    std::optional<size_t> position_ids;
    ov::element::Type input_type;  // i64 or i32, the same for all inputs

    size_t output = 0;
    ov::element::Type output_type;  // f32, bf16 or f16
    size_t hidden = 0;
    bool pooled = false;  // the output is [rows, hidden] (sentence_embedding), not [rows, tokens, hidden]
};

// Throws ModelUnsupported when an input is unknown, input_ids is missing, one has another type or rank, or when no
// output can be told to be the one that is wanted: see find_output().
ModelPorts find_ports(const ov::CompiledModel& model);

// The output that holds the vectors: last_hidden_state, token_embeddings, sentence_embedding or the only one. Token
// vectors go before a sentence_embedding beside them, as in sentence-transformers, whose own modules then pool: what is
// pooled in the graph has the pooling of the day it was exported. All others, such as pooler_output, are left out.
// Throws ModelUnsupported when there are several and none has a known name.
size_t find_output(const std::vector<ov::Output<const ov::Node>>& outputs);

}  // namespace ovembed
