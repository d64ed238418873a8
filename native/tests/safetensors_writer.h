// Writes .safetensors files, independently of the reader under test.
#pragma once

#include <openvino/core/type/element_type.hpp>
#include <string>
#include <vector>

namespace ovembed::testing {

struct TensorToWrite {
    std::string name;
    std::string dtype;  // as in the header: F32, F16, BF16, I64, …
    std::vector<size_t> shape;
    std::string bytes;
};

// `values` stored as f32, f16 or bf16.
TensorToWrite float_tensor(std::string name, std::vector<size_t> shape, const std::vector<float>& values,
                           ov::element::Type type);

// A whole file: the length of the header, the header, the data. `header` may be any text, also a broken one.
std::string safetensors_file(const std::string& header, const std::string& data);

// `align` is what the header's length is padded to, as writers do (8); 1 gives unaligned data where the header does.
std::string safetensors_file(const std::vector<TensorToWrite>& tensors, size_t align = 8);

}  // namespace ovembed::testing
