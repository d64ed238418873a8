#include "core/graph/encoder.h"

#include <algorithm>

#include "core/error.h"

namespace ovembed::graph {
namespace {

std::shared_ptr<op::v0::Parameter> input(const std::string& name) {
    const auto parameter =
        std::make_shared<op::v0::Parameter>(ov::element::i64, ov::PartialShape{ov::Dimension(), ov::Dimension()});
    parameter->set_friendly_name(name);
    parameter->output(0).set_names({name});
    return parameter;
}

}  // namespace

std::shared_ptr<ov::Model> encoder(const std::string& name, const std::function<Value(const EncoderInputs&)>& build) {
    const auto input_ids = input("input_ids");
    const auto attention_mask = input("attention_mask");
    const Value hidden = build({input_ids, attention_mask, dimension(input_ids, 1)});
    const auto result = std::make_shared<op::v0::Result>(hidden);
    result->output(0).set_names({"last_hidden_state"});
    return std::make_shared<ov::Model>(ov::ResultVector{result}, ov::ParameterVector{input_ids, attention_mask}, name);
}

void check_heads(const Json& config, size_t hidden, size_t heads, const std::string& key) {
    if (hidden % heads == 0) return;
    throw Error(ErrorCode::ModelInvalid, config.name() + ": the hidden width " + std::to_string(hidden) +
                                             " is no multiple of " + key + " " + std::to_string(heads) + ".");
}

double epsilon(const Json& config, const std::string& key, double fallback) {
    const double value = config.number(key, fallback);
    if (value > 0 && value < 1) return value;
    throw Error(ErrorCode::ModelInvalid, config.name() + ": " + key + " is not between 0 and 1.");
}

void refuse(const Json& config, const std::string& what, const std::string& supported) {
    throw Error(ErrorCode::ModelUnsupported, config.name() + ": " + what + " is not supported; " + supported + ".");
}

void require(const Json& config, const std::string& key, bool value) {
    if (config.boolean(key, value) == value) return;
    refuse(config, key + ": " + (value ? "false" : "true"), value ? "true is" : "false is");
}

void require(const Json& config, const std::string& key, const char* value) {
    require(config, key, std::string(value));
}

void require(const Json& config, const std::string& key, const std::string& value) {
    if (const auto actual = config.text(key, value); actual != value)
        refuse(config, key + " '" + actual + "'", "'" + value + "' is");
}

void require_absent(const Json& config, const std::string& key) {
    if (config.has(key)) refuse(config, key, "null is");
}

std::string one_of(const Json& config, const std::string& key, const std::vector<std::string>& values) {
    const std::string actual = config.text(key, values.front());
    if (std::find(values.begin(), values.end(), actual) != values.end()) return actual;
    std::string known;
    for (const std::string& value : values) known += (known.empty() ? "'" : " or '") + value + "'";
    refuse(config, key + " '" + actual + "'", known + " is");
}

Bias bias(const Json& config, const std::string& key, bool fallback) {
    return config.boolean(key, fallback) ? Bias::Yes : Bias::No;
}

}  // namespace ovembed::graph
