#include "tests/safetensors_writer.h"

#include <cstring>
#include <openvino/core/type/bfloat16.hpp>
#include <openvino/core/type/float16.hpp>
#include <stdexcept>

namespace ovembed::testing {
namespace {

template <typename T>
std::string bytes_of(const std::vector<float>& values) {
    const std::vector<T> narrow(values.begin(), values.end());
    return {reinterpret_cast<const char*>(narrow.data()), narrow.size() * sizeof(T)};
}

std::string shape_text(const std::vector<size_t>& shape) {
    std::string text;
    for (const size_t size : shape) text += (text.empty() ? "" : ",") + std::to_string(size);
    return "[" + text + "]";
}

}  // namespace

TensorToWrite float_tensor(std::string name, std::vector<size_t> shape, const std::vector<float>& values,
                           ov::element::Type type) {
    if (type == ov::element::f32) return {std::move(name), "F32", std::move(shape), bytes_of<float>(values)};
    if (type == ov::element::f16) return {std::move(name), "F16", std::move(shape), bytes_of<ov::float16>(values)};
    if (type == ov::element::bf16) return {std::move(name), "BF16", std::move(shape), bytes_of<ov::bfloat16>(values)};
    throw std::invalid_argument("no float type");
}

std::string safetensors_file(const std::string& header, const std::string& data) {
    std::string length(8, '\0');
    for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(static_cast<uint64_t>(header.size()) >> (8 * i));
    return length + header + data;
}

std::string safetensors_file(const std::vector<TensorToWrite>& tensors, size_t align) {
    std::string header = R"({"__metadata__":{"format":"pt"})";
    std::string data;
    for (const auto& tensor : tensors) {
        const std::string begin = std::to_string(data.size());
        data += tensor.bytes;
        header += ",\"" + tensor.name + R"(":{"dtype":")" + tensor.dtype + R"(","shape":)" + shape_text(tensor.shape) +
                  ",\"data_offsets\":[" + begin + "," + std::to_string(data.size()) + "]}";
    }
    header += "}";
    header.resize((header.size() + align - 1) / align * align, ' ');
    return safetensors_file(header, data);
}

}  // namespace ovembed::testing
