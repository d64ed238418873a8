#include "core/model_report.h"

#include <algorithm>
#include <openvino/op/util/multi_subgraph_base.hpp>
#include <openvino/op/util/op_types.hpp>
#include <openvino/openvino.hpp>

#include "core/error.h"
#include "core/runtime.h"

namespace ovembed {
namespace {

// Those that compute something.
ov::NodeVector operations_of(const ov::Model& model) {
    ov::NodeVector nodes = model.get_ordered_ops();
    const auto holds = [](const std::shared_ptr<ov::Node>& node) {
        return ov::op::util::is_constant(node) || ov::op::util::is_parameter(node) || ov::op::util::is_output(node);
    };
    nodes.erase(std::remove_if(nodes.begin(), nodes.end(), holds), nodes.end());
    return nodes;
}

Operation describe(const ov::Node& node) { return {node.get_type_name(), node.get_friendly_name()}; }

// Of a node's inputs or outputs.
template <typename Ports>
bool any_open(const Ports& ports) {
    return std::any_of(ports.begin(), ports.end(),
                       [](const auto& port) { return port.get_partial_shape().is_dynamic(); });
}

// In the bodies of loops and branches as well.
void find_open(const ov::Model& model, ShapeReport& report) {
    for (const auto& operation : operations_of(model)) {
        if (const auto* owner = ov::as_type<ov::op::util::MultiSubGraphOp>(operation.get())) {
            for (const auto& body : owner->get_functions()) find_open(*body, report);
        }
        if (!any_open(operation->outputs())) continue;
        ++report.open_operations;
        if (!any_open(operation->inputs())) report.origins.push_back(describe(*operation));
    }
}

void ask_device(const std::shared_ptr<ov::Model>& model, const EngineOptions& options, ShapeReport& report) {
    const auto supported = runtime().query_model(model, options.device, compile_properties(options, 0));
    report.asked = true;
    for (const auto& operation : operations_of(*model)) {
        if (supported.count(operation->get_friendly_name()) == 0) report.unsupported.push_back(describe(*operation));
    }
}

ShapeReport report_shape(const ModelGraph& graph, const EngineOptions& options, size_t width, bool asks) {
    ShapeReport report;
    report.shape = {1, width};
    if (graph.max_positions != 0 && width > graph.max_positions) {
        report.problem = "The model reads at most " + std::to_string(graph.max_positions) + " tokens.";
        return report;
    }
    try {
        const auto model = graph.model->clone();
        fix_shape(*model, report.shape);
        find_open(*model, report);
        if (asks) ask_device(model, options, report);
    } catch (const std::exception& problem) {
        report.problem = problem.what();
    }
    return report;
}

}  // namespace

ModelReport report_model(const EngineOptions& options, const std::vector<size_t>& widths, bool asks) {
    const ModelGraph graph = read_for(options);
    ModelReport report;
    report.operations = operations_of(*graph.model).size();
    for (const size_t width : widths) report.shapes.push_back(report_shape(graph, options, width, asks));
    return report;
}

}  // namespace ovembed
