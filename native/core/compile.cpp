#include "core/compile.h"

#include <algorithm>
#include <map>
#include <openvino/openvino.hpp>
#include <openvino/runtime/intel_npu/properties.hpp>

#include "core/error.h"
#include "core/faults.h"
#include "core/precision.h"
#include "core/quantization/activations.h"
#include "core/quantization/weights.h"
#include "core/runtime.h"

namespace ovembed {
namespace {

std::string capability_of(const ov::element::Type& type) {
    if (type == ov::element::f32) return ov::device::capability::FP32;
    return type == ov::element::bf16 ? ov::device::capability::BF16 : ov::device::capability::FP16;
}

// What the device does not list is refused: the CPU plugin would emulate bf16, and the NPU's fail over f32.
void check_precision(const std::string& precision, const Device& device) {
    const auto& known = device.capabilities;
    const auto lists = [&known](const std::string& one) { return std::count(known.begin(), known.end(), one) > 0; };
    if (lists(capability_of(element_type(precision)))) return;
    throw Error(ErrorCode::InvalidArgument, "Precision " + precision + " is not supported by " + device.name + " (" +
                                                device.full_name + "); use " +
                                                (lists(ov::device::capability::FP32) ? "f32" : "f16") + " or auto.");
}

// OpenVINO takes 0 and negative numbers for choices of its own.
void check_counts(const EngineOptions& options) {
    const auto check = [](const char* name, int count) {
        if (count >= 1) return;
        throw Error(ErrorCode::InvalidArgument,
                    std::string("Expected at least 1 for ") + name + ", received " + std::to_string(count) + ".");
    };
    check("streams", options.streams);
    check("threads", options.threads);
}

}  // namespace

void check(const EngineOptions& options) {
    check_counts(options);
    check_precision(options.precision, find_device(options.device));
}

ov::AnyMap compile_properties(const EngineOptions& options, uint64_t activation_group) {
    ov::AnyMap map{ov::hint::inference_precision(element_type(options.precision)), ov::num_streams(options.streams)};
    if (options.device.rfind("CPU", 0) == 0) {
        map.insert(ov::inference_num_threads(options.threads));
        // Several processes share a machine, and a container's CPUs are not all its own: no pinning.
        map.insert(ov::hint::enable_cpu_pinning(false));
        // By default the plugin decides by itself whether to quantise activations before 8-bit weights.
        map.insert(ov::hint::dynamic_quantization_group_size(activation_group));
    }
    if (!options.platform.empty()) {
        map.insert(ov::intel_npu::platform(options.platform));
        map.insert(ov::intel_npu::compiler_type(ov::intel_npu::CompilerType::PLUGIN));
    }
    return map;
}

ModelGraph read_for(const EngineOptions& options) {
    ModelGraph graph = read_model(options.source);
    try {
        // What a file that is quantised in part leaves in float is so for a reason.
        if (options.int8_weights && graph.quantization == quantization::Stored::None) {
            quantization::quantize_weights(*graph.model);
        }
        return graph;
    } catch (...) {
        throw current_error(ErrorCode::DeviceFailed, graph.file + " could not be quantised.");
    }
}

void fix_shape(ov::Model& model, const ov::Shape& shape) {
    std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
    for (const auto& input : model.inputs()) shapes[input] = shape;
    model.reshape(shapes);
}

CompiledModel compile(const EngineOptions& options) {
    const ModelGraph graph = read_for(options);
    try {
        const faults::Passage passage(faults::Stage::Compile, nullptr, options.device);
        if (options.shape) fix_shape(*graph.model, *options.shape);
        const uint64_t group = options.int8_activations ? quantization::activation_group(*graph.model) : 0;
        CompiledModel compiled{graph.weights,
                               runtime().compile_model(graph.model, options.device, compile_properties(options, group)),
                               graph.max_positions,
                               graph.vocabulary,
                               graph.quantization,
                               group};
        check_unchanged(graph.weights);
        return compiled;
    } catch (...) {
        throw current_error(ErrorCode::DeviceFailed, graph.file + " could not be compiled for " + options.device + ".");
    }
}

}  // namespace ovembed
