#include "core/graph/weights.h"

#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <sstream>

#include "core/error.h"

namespace ovembed::graph {
namespace {

std::string text(const ov::Shape& shape) {
    std::ostringstream out;
    out << shape;
    return out.str();
}

}  // namespace

Weights::Weights(std::shared_ptr<const Safetensors> file, const std::string& prefix, const std::string& probe)
    : m_file(std::move(file)) {
    if (m_file->find(probe) == nullptr && m_file->find(prefix + probe) != nullptr) m_prefix = prefix;
}

ov::Output<ov::Node> Weights::get(const std::string& name, const ov::Shape& shape) const {
    const TensorView* tensor = m_file->find(m_prefix + name);
    if (tensor == nullptr) {
        throw Error(ErrorCode::ModelInvalid, m_file->name() + " has no tensor '" + m_prefix + name + "'.");
    }
    const std::string& path = tensor->file->path();
    if (tensor->shape != shape) {
        throw Error(ErrorCode::ModelInvalid, "Expected shape " + text(shape) + " for tensor '" + m_prefix + name +
                                                 "' by config.json, but " + path + " has " + text(tensor->shape) + ".");
    }
    if (tensor->type != ov::element::f32 && tensor->type != ov::element::f16 && tensor->type != ov::element::bf16) {
        throw Error(ErrorCode::ModelUnsupported, "Tensor '" + m_prefix + name + "' in " + path + " is stored as " +
                                                     tensor->dtype + "; F32, F16 and BF16 are supported.");
    }
    const auto constant = std::make_shared<ov::op::v0::Constant>(tensor->type, shape, tensor->data, tensor->file);
    constant->set_friendly_name(name);
    if (tensor->type == ov::element::f32) return constant;
    return std::make_shared<ov::op::v0::Convert>(constant, ov::element::f32);
}

}  // namespace ovembed::graph
