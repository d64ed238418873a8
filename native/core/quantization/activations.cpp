#include "core/quantization/activations.h"

#include <numeric>
#include <openvino/op/matmul.hpp>

#include "core/error.h"
#include "core/quantization/constants.h"

namespace ovembed::quantization {
namespace {

// Wider groups are faster and less exact: measured in docs/precision.md.
constexpr uint64_t kWidest = 128;
constexpr uint64_t kNarrowest = 32;

}  // namespace

uint64_t activation_group(const ov::Model& model) {
    uint64_t group = kWidest;
    for (const auto& node : model.get_ordered_ops()) {
        const auto* product = ov::as_type<ov::op::v0::MatMul>(node.get());
        if (product == nullptr || !is_quantized_constant(product->input_value(1))) continue;
        const ov::Shape& weight = product->get_input_shape(1);
        if (weight.size() != 2) continue;
        const uint64_t width = weight[product->get_transpose_b() ? 1 : 0];
        group = std::gcd(group, width);
        if (group < kNarrowest) {
            throw Error(ErrorCode::InvalidArgument,
                        "Activations of this model cannot be quantised as they come: a product has inputs of width " +
                            std::to_string(width) + ", which is no multiple of " + std::to_string(kNarrowest) + ".");
        }
    }
    return group;
}

}  // namespace ovembed::quantization
