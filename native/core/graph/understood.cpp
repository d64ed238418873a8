#include "core/graph/understood.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "core/error.h"

namespace ovembed::graph {
namespace {

// Classes of published remote code that the builders reproduce, each checking its options, and their model_type.
const std::map<std::string, std::string> kKnownCode{
    {"GteModel", "gte"}, {"JinaBertModel", "bert"}, {"NewModel", "new"}, {"NomicBertModel", "nomic_bert"}};

// "encoder.layer.3." of "encoder.layer.3.output.dense.weight"; empty for a tensor outside of numbered layers.
std::string layer_of(const std::string& name) {
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
        const size_t end = name.find('.', dot + 1);
        if (end == std::string::npos || end == dot + 1) continue;
        const bool is_number = std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dot) + 1,
                                           name.begin() + static_cast<std::ptrdiff_t>(end),
                                           [](unsigned char character) { return std::isdigit(character) != 0; });
        if (is_number) return name.substr(0, end + 1);
    }
    return {};
}

// Buffers of earlier releases: integers, masks, and tables that follow from config.json.
bool is_buffer(const std::string& name, const TensorView& tensor) {
    if (!tensor.type.is_real()) return true;
    const std::string last = name.substr(name.rfind('.') + 1);
    return last == "inv_freq" || last == "masked_bias";
}

}  // namespace

std::string custom_class(const Json& config) {
    const std::string code = config.text("auto_map/AutoModel", "");  // [repository--]module.Class
    return code.substr(code.rfind('.') + 1);
}

void refuse_custom_code(const Json& config) {
    const std::string name = custom_class(config);
    if (name.empty()) return;
    const auto known = kKnownCode.find(name);
    if (known != kKnownCode.end() && known->second == config.text("model_type", "")) return;
    std::string names;
    for (const auto& other : kKnownCode) names += (names.empty() ? "" : ", ") + other.first;
    throw Error(ErrorCode::ModelUnsupported,
                config.name() + ": auto_map says that the model is computed by Python code of its own, '" +
                    config.text("auto_map/AutoModel", "") + "', and of such classes only " + names +
                    " are known. An ONNX or OpenVINO export of the model beside it is used instead.");
}

void refuse_leftovers(const Json& config, const Safetensors& weights) {
    std::set<std::string> layers;
    for (const auto& name : weights.used()) layers.insert(layer_of(name));
    std::vector<std::string> leftovers;
    for (const auto& name : weights.unused()) {
        const std::string layer = layer_of(name);
        if (!layer.empty() && layers.count(layer) != 0 && !is_buffer(name, *weights.find(name))) {
            leftovers.push_back(name);
        }
    }
    if (leftovers.empty()) return;
    throw Error(ErrorCode::ModelUnsupported,
                config.name() + " says model_type '" + config.text("model_type", "") + "', but " +
                    std::to_string(leftovers.size()) + " tensors in its layers, such as '" + leftovers.front() +
                    "', are no part of that architecture as it is built here. An ONNX or OpenVINO export of the model "
                    "beside it is used instead.");
}

}  // namespace ovembed::graph
