#include "core/quantization/products.h"

#include <algorithm>

#include "core/quantization/constants.h"

namespace ovembed::quantization {

Weight weight_of(const ov::op::v0::MatMul& product) {
    const auto weight = float_constant(product.input_value(1));
    if (!weight || weight->get_shape().size() != 2 || float_constant(product.input_value(0))) return {};
    const auto rows = weight->get_shape()[0];
    const auto columns = weight->get_shape()[1];
    const auto* data = static_cast<const float*>(weight->get_data_ptr());
    if (product.get_transpose_b()) return {weight, {data, rows, columns, columns, 1}};
    return {weight, {data, columns, rows, 1, columns}};
}

std::vector<SharedInput> weighted_products(const ov::Model& model) {
    std::vector<SharedInput> found;
    for (const auto& node : model.get_ordered_ops()) {
        const auto product = ov::as_type_ptr<ov::op::v0::MatMul>(node);
        if (!product || product->get_transpose_a() || !weight_of(*product)) continue;
        const auto activations = product->input_value(0);
        const auto same = [&](const SharedInput& input) { return input.activations == activations; };
        const auto known = std::find_if(found.begin(), found.end(), same);
        if (known == found.end())
            found.push_back({activations, {product}});
        else
            known->products.push_back(product);
    }
    return found;
}

}  // namespace ovembed::quantization
