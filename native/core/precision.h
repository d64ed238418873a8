// Names of floating-point types.
#pragma once

#include <openvino/core/type/element_type.hpp>
#include <string>

namespace ovembed {

// Of f32, bf16 or f16; throws InvalidArgument for another name.
ov::element::Type element_type(const std::string& precision);

}  // namespace ovembed
