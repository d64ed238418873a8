// Constants of a graph, seen through the operations that only rearrange or scale them.
#pragma once

#include <openvino/core/node.hpp>
#include <openvino/op/constant.hpp>
#include <string>

namespace ovembed::quantization {

// The value of an output that depends on float constants alone, in f32; null where it depends on an input of the model
// or on integers, such as weights that are quantised already.
std::shared_ptr<ov::op::v0::Constant> float_constant(const ov::Output<ov::Node>& output);

// The same text for outputs that are computed alike from the same memory, by operations that have no attributes; any
// other node is like itself alone. Holds while the graph does.
std::string origin(const ov::Output<ov::Node>& output);

// Whether an output depends on nothing but constants, of 8 bits or fewer among them: weights that are quantised
// already.
bool is_quantized_constant(const ov::Output<ov::Node>& output);

}  // namespace ovembed::quantization
