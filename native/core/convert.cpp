#include "core/convert.h"

#include <openvino/core/graph_util.hpp>

#include "core/error.h"
#include "core/precision.h"
#include "core/quantization/static.h"
#include "core/quantization/weights.h"

namespace ovembed {

void convert_model(const ModelSource& source, const std::string& weights, const std::string& xml) {
    const ModelGraph graph = read_model(source);
    try {
        if (weights == "int8")
            quantization::quantize_weights(*graph.model);
        else
            quantization::store_weights(*graph.model, element_type(weights));
        save_graph(graph, xml);
    } catch (...) {
        throw current_error(ErrorCode::ModelInvalid, source.file + " could not be written as " + xml + ".");
    }
}

void quantize_model(const ModelSource& source, const std::vector<Batch>& calibration, const std::string& xml) {
    const ModelGraph graph = read_model(source);
    if (graph.quantization != quantization::Stored::None) {
        throw Error(ErrorCode::ModelUnsupported,
                    source.file + " holds quantised weights already; calibration needs those of the original.");
    }
    for (const Batch& batch : calibration) {
        batch.validate(graph.vocabulary);
        check_width(batch.width, graph.max_positions);
    }
    try {
        quantization::quantize_statically(*graph.model, quantization::calibrate(*graph.model, calibration));
        save_graph(graph, xml);
    } catch (...) {
        throw current_error(ErrorCode::DeviceFailed, source.file + " could not be quantised.");
    }
}

void save_graph(const ModelGraph& graph, const std::string& xml) {
    ov::save_model(graph.model, xml, false);
    check_unchanged(graph.weights);
}

}  // namespace ovembed
