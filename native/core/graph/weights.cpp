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

const TensorView& Weights::find(const std::string& name, const ov::Shape& shape) const {
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
    m_file->note_use(m_prefix + name);
    return *tensor;
}

ov::Output<ov::Node> Weights::get(const std::string& name, const ov::Shape& shape) const {
    return get_rows(name, shape, 0, shape.at(0));
}

ov::Output<ov::Node> Weights::get_rows(const std::string& name, const ov::Shape& shape, size_t first,
                                       size_t count) const {
    const TensorView& tensor = find(name, shape);
    ov::Shape rows = shape;
    rows.at(0) = count;
    const size_t row_bytes = ov::shape_size(shape) / shape.at(0) * tensor.type.size();
    const auto* data = static_cast<const char*>(tensor.data) + first * row_bytes;
    const auto constant = std::make_shared<ov::op::v0::Constant>(tensor.type, rows, data, tensor.file);
    constant->set_friendly_name(count == shape.at(0) ? name : name + "." + std::to_string(first / count));
    if (tensor.type == ov::element::f32) return constant;
    return std::make_shared<ov::op::v0::Convert>(constant, ov::element::f32);
}

}  // namespace ovembed::graph
