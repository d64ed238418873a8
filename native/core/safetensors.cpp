#include "core/safetensors.h"

#include "core/error.h"
#include "core/ffi.h"

namespace ovembed {
namespace {

ov::element::Type element_type(OvtDtype dtype) {
    switch (dtype) {
        case OVT_DTYPE_F32:
            return ov::element::f32;
        case OVT_DTYPE_F16:
            return ov::element::f16;
        case OVT_DTYPE_BF16:
            return ov::element::bf16;
        case OVT_DTYPE_F64:
            return ov::element::f64;
        case OVT_DTYPE_I64:
            return ov::element::i64;
        case OVT_DTYPE_I32:
            return ov::element::i32;
        case OVT_DTYPE_I16:
            return ov::element::i16;
        case OVT_DTYPE_I8:
            return ov::element::i8;
        case OVT_DTYPE_U64:
            return ov::element::u64;
        case OVT_DTYPE_U32:
            return ov::element::u32;
        case OVT_DTYPE_U16:
            return ov::element::u16;
        case OVT_DTYPE_U8:
            return ov::element::u8;
        case OVT_DTYPE_BOOL:
            return ov::element::boolean;
        case OVT_DTYPE_OTHER:
            return ov::element::dynamic;
    }
    return ov::element::dynamic;
}

}  // namespace

Safetensors::Safetensors(const std::vector<std::string>& shards) {
    for (const std::string& path : shards) add(m_files.emplace_back(std::make_shared<MappedFile>(path)));
}

void Safetensors::add(const std::shared_ptr<MappedFile>& file) {
    OvtSafetensors* opened = nullptr;
    OvtString error{};
    ffi::check(ovt_safetensors_open(file->data(), file->size(), &opened, &error), error, file->path());
    const std::unique_ptr<OvtSafetensors, decltype(&ovt_safetensors_free)> header(opened, ovt_safetensors_free);
    OvtTensor tensor{};
    for (size_t i = 0; ovt_safetensors_get(header.get(), i, &tensor); ++i) {
        TensorView view{element_type(tensor.dtype), ffi::copy(tensor.dtype_name),
                        ov::Shape(tensor.shape, tensor.shape + tensor.rank), file->data() + tensor.begin, file};
        const auto [other, is_new] = m_tensors.emplace(ffi::copy(tensor.name), std::move(view));
        if (is_new) continue;
        throw Error(ErrorCode::ModelInvalid, "Tensor '" + other->first + "' is in " + other->second.file->path() +
                                                 " and in " + file->path() + ".");
    }
}

std::string Safetensors::name() const {
    const std::string& first = m_files.front()->path();
    return m_files.size() == 1 ? first : first + " and " + std::to_string(m_files.size() - 1) + " more";
}

const TensorView* Safetensors::find(const std::string& name) const {
    const auto found = m_tensors.find(name);
    return found == m_tensors.end() ? nullptr : &found->second;
}

const TensorView& Safetensors::find_weight(const std::string& name, const ov::Shape& shape) const {
    const TensorView* tensor = find(name);
    if (tensor == nullptr) throw Error(ErrorCode::ModelInvalid, this->name() + " has no tensor '" + name + "'.");
    const std::string& path = tensor->file->path();
    if (tensor->shape != shape) {
        throw Error(ErrorCode::ModelInvalid, "Expected shape " + shape.to_string() + " for tensor '" + name +
                                                 "' by config.json, but " + path + " has " + tensor->shape.to_string() +
                                                 ".");
    }
    if (tensor->type != ov::element::f32 && tensor->type != ov::element::f16 && tensor->type != ov::element::bf16) {
        throw Error(ErrorCode::ModelUnsupported, "Tensor '" + name + "' in " + path + " is stored as " + tensor->dtype +
                                                     "; F32, F16 and BF16 are supported.");
    }
    return *tensor;
}

std::vector<std::string> Safetensors::unused() const {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : m_tensors) {
        if (m_used.count(name) == 0) names.push_back(name);
    }
    return names;
}

}  // namespace ovembed
