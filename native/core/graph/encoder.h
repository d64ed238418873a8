// What all encoders have around their layers.
#pragma once

#include <functional>
#include <memory>
#include <openvino/core/model.hpp>
#include <string>
#include <vector>

#include "core/graph/layers.h"
#include "core/json.h"

namespace ovembed::graph {

struct EncoderInputs {
    Value input_ids;       // i64 [B, S]
    Value attention_mask;  // i64 [B, S] of 1 (token) and 0 (padding)
    Value length;          // S as i64 [1]
};

// A model with these inputs and what `build` gives, f32 [B, S, H], as its output last_hidden_state.
std::shared_ptr<ov::Model> encoder(const std::string& name, const std::function<Value(const EncoderInputs&)>& build);

// Checks that config.json fits: hidden width a multiple of heads, which `key` counts; epsilon of normalisations in (0,
// 1). Throw ModelInvalid.
void check_heads(const Json& config, size_t hidden, size_t heads, const std::string& key = "num_attention_heads");
double epsilon(const Json& config, const std::string& key, double fallback);

// Throws ModelUnsupported: "`what` is not supported; `supported`.", such as "up to 7 is".
[[noreturn]] void refuse(const Json& config, const std::string& what, const std::string& supported);

// Throws ModelUnsupported unless the key is missing or has the value: for options that would change the result.
void require(const Json& config, const std::string& key, bool value);
void require(const Json& config, const std::string& key, const char* value);  // a literal would else become a bool
void require(const Json& config, const std::string& key, const std::string& value);
void require_absent(const Json& config, const std::string& key);

// The text under the key, the first of `values` if there is none. Throws ModelUnsupported for one that is not among
// them.
std::string one_of(const Json& config, const std::string& key, const std::vector<std::string>& values);

// Whether layers have biases, by a boolean of config.json.
Bias bias(const Json& config, const std::string& key, bool fallback);

}  // namespace ovembed::graph
