#include "core/modules/module_weights.h"

#include "core/widen.h"

namespace ovembed {
namespace {

template <typename T>
void copy(const TensorView& tensor, std::vector<float>& values) {
    // Tensors need not be aligned within the file.
    std::vector<T> stored(values.size());
    std::memcpy(stored.data(), tensor.data, values.size() * sizeof(T));
    widen_to(stored.data(), values.size(), values.data());
}

void copy_as_f32(const TensorView& tensor, std::vector<float>& values) {
    if (tensor.type == ov::element::f16) return copy<ov::float16>(tensor, values);
    if (tensor.type == ov::element::bf16) return copy<ov::bfloat16>(tensor, values);
    std::memcpy(values.data(), tensor.data, values.size() * sizeof(float));
}

}  // namespace

std::vector<float> ModuleWeights::read(const std::string& name, const ov::Shape& shape) const {
    const TensorView& tensor = m_file.find_weight(name, shape);
    std::vector<float> values(ov::shape_size(shape));
    copy_as_f32(tensor, values);
    check_unchanged(m_file.files());
    return values;
}

}  // namespace ovembed
