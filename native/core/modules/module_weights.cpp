#include "core/modules/module_weights.h"

#include "core/error.h"
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
    const std::string path = m_file.name();
    const TensorView* tensor = m_file.find(name);
    if (tensor == nullptr) throw Error(ErrorCode::ModelInvalid, path + " has no tensor '" + name + "'.");
    if (tensor->shape != shape) {
        throw Error(ErrorCode::ModelInvalid, "Expected shape " + shape.to_string() + " for tensor '" + name +
                                                 "' by the module's config.json, but " + path + " has " +
                                                 tensor->shape.to_string() + ".");
    }
    if (tensor->type != ov::element::f32 && tensor->type != ov::element::f16 && tensor->type != ov::element::bf16) {
        throw Error(ErrorCode::ModelUnsupported, "Tensor '" + name + "' in " + path + " is stored as " + tensor->dtype +
                                                     "; F32, F16 and BF16 are supported.");
    }
    std::vector<float> values(ov::shape_size(shape));
    copy_as_f32(*tensor, values);
    check_unchanged(m_file.files());
    return values;
}

}  // namespace ovembed
