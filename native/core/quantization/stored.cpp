#include "core/quantization/stored.h"

#include <openvino/op/fake_quantize.hpp>
#include <openvino/op/matmul.hpp>

#include "core/quantization/constants.h"

namespace ovembed::quantization {

Stored stored(const ov::Model& model) {
    auto found = Stored::None;
    for (const auto& node : model.get_ordered_ops()) {
        if (ov::is_type<ov::op::v0::FakeQuantize>(node) && !float_constant(node->input_value(0))) return Stored::Static;
        if (ov::is_type<ov::op::v0::MatMul>(node) && is_quantized_constant(node->input_value(1)))
            found = Stored::Weights;
    }
    return found;
}

}  // namespace ovembed::quantization
