#include "core/quantization/calibration.h"

#include <algorithm>
#include <cmath>
#include <openvino/openvino.hpp>

#include "core/cpus.h"
#include "core/error.h"
#include "core/quantization/products.h"
#include "core/runtime.h"

namespace ovembed::quantization {
namespace {

// A clone with one more output for each input of products.
std::shared_ptr<ov::Model> with_outputs(const ov::Model& model) {
    const auto clone = model.clone();
    if (clone->outputs().size() == 1 && clone->output(0).get_names().empty()) {
        const bool pooled = clone->output(0).get_partial_shape().rank() == 2;
        clone->output(0).set_names({pooled ? "sentence_embedding" : "last_hidden_state"});  // for find_ports
    }
    ov::ResultVector results;
    for (const auto& input : weighted_products(*clone))
        results.push_back(std::make_shared<ov::op::v0::Result>(input.activations));
    clone->add_results(results);
    return clone;
}

void widen(ChannelRange& range, const float* token) {
    for (size_t i = 0; i < range.size(); ++i) {
        const float magnitude = std::fabs(token[i]);
        if (!std::isfinite(magnitude)) {
            throw Error(ErrorCode::ModelInvalid, "A calibration text gives activations that are NaN or infinite.");
        }
        range[i] = std::max(range[i], magnitude);
    }
}

void widen(ChannelRange& range, const ov::Tensor& values, const std::vector<RowSpan>& spans, size_t width) {
    const ov::Shape& shape = values.get_shape();
    const size_t length = shape.back();
    range.resize(length, 0);
    const auto* data = values.data<const float>();
    if (shape != ov::Shape{spans.size(), width, length}) {
        for (size_t token = 0; token < values.get_size() / length; ++token) widen(range, data + token * length);
        return;
    }
    for (size_t row = 0; row < spans.size(); ++row) {
        for (size_t token = spans[row].begin; token < spans[row].begin + spans[row].length; ++token)
            widen(range, data + (row * width + token) * length);
    }
}

}  // namespace

std::vector<ChannelRange> calibrate(const ov::Model& model, const std::vector<Batch>& batches) {
    const size_t own_outputs = model.outputs().size();
    const ov::AnyMap properties{ov::hint::inference_precision(ov::element::f32), ov::num_streams(1),
                                ov::inference_num_threads(available_cpus()), ov::hint::enable_cpu_pinning(false)};
    auto compiled = runtime().compile_model(with_outputs(model), "CPU", properties);
    const ModelPorts ports = find_ports(compiled);
    ov::InferRequest request = compiled.create_infer_request();
    std::vector<ChannelRange> ranges(compiled.outputs().size() - own_outputs);
    for (const Batch& batch : batches) {
        fill_inputs(batch, ports, request);
        request.infer();
        for (size_t i = 0; i < ranges.size(); ++i)
            widen(ranges[i], request.get_output_tensor(own_outputs + i), batch.spans(), batch.width);
    }
    return ranges;
}

}  // namespace ovembed::quantization
