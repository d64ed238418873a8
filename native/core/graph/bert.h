// BERT (Devlin et al. 2018, arXiv:1810.04805), as transformers' BertModel computes it without its pooler.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>

#include "core/json.h"
#include "core/safetensors.h"

namespace ovembed::graph {

// Inputs input_ids and attention_mask, i64 [B, S]; output last_hidden_state, f32 [B, S, hidden_size]. Token types are
// those of a single text (zeros) and so are folded into the position embeddings.
std::shared_ptr<ov::Model> build_bert(const Json& config, std::shared_ptr<const Safetensors> weights);

}  // namespace ovembed::graph
