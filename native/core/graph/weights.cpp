#include "core/graph/weights.h"

#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>

namespace ovembed::graph {

Weights::Weights(std::shared_ptr<const Safetensors> file, const std::string& prefix, const std::string& probe)
    : m_file(std::move(file)) {
    if (m_file->find(probe) == nullptr && m_file->find(prefix + probe) != nullptr) m_prefix = prefix;
}

ov::Output<ov::Node> Weights::get(const std::string& name, const ov::Shape& shape) const {
    return get_rows(name, shape, 0, shape.at(0));
}

ov::Output<ov::Node> Weights::get_rows(const std::string& name, const ov::Shape& shape, size_t first,
                                       size_t count) const {
    const TensorView& tensor = m_file->find_weight(m_prefix + name, shape);
    m_file->note_use(m_prefix + name);
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
