// The architectures that are built from config.json and weights, by model_type; one file in this folder each.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <openvino/core/model.hpp>
#include <string>

#include "core/json.h"
#include "core/safetensors.h"

namespace ovembed::graph {

// From config.json and weights to a model with the inputs input_ids and attention_mask, i64 [B, S], and the output
// last_hidden_state, f32 [B, S, H]. Throws ModelInvalid for files that do not fit each other, ModelUnsupported for
// options that the architecture's file does not reproduce.
using Builder = std::function<std::shared_ptr<ov::Model>(const Json&, std::shared_ptr<const Safetensors>)>;

const std::map<std::string, Builder>& architectures();

std::shared_ptr<ov::Model> build_albert(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_bert(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_deberta_v2(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_distilbert(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_electra(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_gemma3(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_gte(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_jina_bert(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_modernbert(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_mpnet(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_mt5(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_nomic_bert(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_qwen(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_roberta(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_t5(const Json& config, std::shared_ptr<const Safetensors> weights);
std::shared_ptr<ov::Model> build_umt5(const Json& config, std::shared_ptr<const Safetensors> weights);

}  // namespace ovembed::graph
