// What the parts of graphs compute, by the runtime that computes them for models.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>
#include <vector>

#include "core/runtime.h"

namespace ovembed::testing {

// The values of a graph without inputs, row-major and as f32, in the order of `shape`, which they are expected to have.
inline std::vector<float> computed(const ov::Output<ov::Node>& value, const ov::Shape& shape) {
    const auto converted = std::make_shared<ov::op::v0::Convert>(value, ov::element::f32);
    const auto result = std::make_shared<ov::op::v0::Result>(converted);
    const auto model = std::make_shared<ov::Model>(ov::ResultVector{result}, ov::ParameterVector{});
    auto request =
        runtime().compile_model(model, "CPU", ov::hint::inference_precision(ov::element::f32)).create_infer_request();
    request.infer();
    const ov::Tensor tensor = request.get_output_tensor();
    EXPECT_EQ(tensor.get_shape(), shape);
    return {tensor.data<float>(), tensor.data<float>() + tensor.get_size()};
}

inline void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, float tolerance) {
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

}  // namespace ovembed::testing
