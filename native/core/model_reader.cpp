#include "core/model_reader.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/util/gather_base.hpp>

#include "core/error.h"
#include "core/faults.h"
#include "core/graph/bert.h"
#include "core/runtime.h"

namespace ovembed {
namespace {

namespace fs = std::filesystem;

std::string bin_of(const std::string& xml) { return fs::u8path(xml).replace_extension(".bin").u8string(); }

std::string config_of(const std::string& safetensors) {
    return (fs::u8path(safetensors).parent_path() / "config.json").u8string();
}

ModelGraph read_by_frontend(const std::string& file) {
    ModelGraph graph;
    graph.model = runtime().read_model(file);
    return graph;
}

ModelGraph read_openvino(const std::string& file) {
    MappedFile xml(file);
    MappedFile bin(bin_of(file));
    return read_by_frontend(file);
}

ModelGraph read_onnx(const std::string& file) {
    MappedFile onnx(file);
    return read_by_frontend(file);
}

// Architectures that can be built from config.json and weights: one file in graph/ each.
using Builder = std::function<std::shared_ptr<ov::Model>(const Json&, std::shared_ptr<const Safetensors>)>;
const std::map<std::string, Builder>& builders() {
    static const std::map<std::string, Builder> table{{"bert", graph::build_bert}};
    return table;
}

ModelGraph read_safetensors(const std::string& file) {
    const Json config = Json::read(config_of(file));
    const std::string type = config.text("model_type", "");
    const auto builder = builders().find(type);
    if (builder == builders().end()) {
        std::string names;
        for (const auto& entry : builders()) names += (names.empty() ? "" : ", ") + entry.first;
        throw Error(ErrorCode::ModelUnsupported,
                    config.name() + ": model_type '" + type + "' cannot be built from safetensors; supported: " +
                        names + ". An ONNX or OpenVINO export of the model beside it is used instead.");
    }
    const auto weights = std::make_shared<Safetensors>(file);
    ModelGraph graph;
    graph.model = builder->second(config, weights);
    graph.weights = weights->file();
    return graph;
}

// Rows of the table that `ids` are looked up in, found in the graph so that it holds for every source; 0: not found.
size_t lookup_rows(const ov::Output<ov::Node>& ids) {
    for (const auto& user : ids.get_target_inputs()) {
        ov::Node* node = user.get_node();
        if (ov::is_type<ov::op::v0::Convert>(node)) return lookup_rows(node->output(0));
        if (!ov::is_type<ov::op::util::GatherBase>(node) || user.get_index() != 1) continue;
        const auto table = node->get_input_partial_shape(0);
        if (table.rank().is_static() && table[0].is_static()) return static_cast<size_t>(table[0].get_length());
    }
    return 0;
}

size_t vocabulary_of(const ov::Model& model) {
    for (const auto& parameter : model.get_parameters()) {
        const auto ids = parameter->output(0);
        if (ids.get_names().count("input_ids") != 0) return lookup_rows(ids);
    }
    return 0;
}

void reshape_inputs(ov::Model& model, const ov::Dimension& tokens) {
    std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
    for (const auto& input : model.inputs()) {
        if (input.get_partial_shape().rank() != 2) return;  // find_ports says what is wrong with it
        shapes[input] = ov::PartialShape{ov::Dimension(), tokens};
    }
    model.reshape(shapes);
}

// Lets every input take any number of rows and tokens: an export may have fixed them.
void make_dynamic(ov::Model& model) { reshape_inputs(model, ov::Dimension()); }

// The longest row by the graph's own shapes; 0: no limit found. Given an upper bound for the tokens, shape inference
// carries it through the graph, less where a table of position embeddings is shorter. All operations are looked at, as
// the output of a graph that pools has no tokens left. This has to be known for every source: the CPU plugin does not
// check it at run time but reads beyond the table.
size_t longest_row(ov::Model& model) {
    constexpr ov::Dimension::value_type kBound = 1 << 20;
    try {
        reshape_inputs(model, ov::Dimension(2, kBound));  // not from 1: that could be a broadcast
    } catch (const ov::Exception&) {
        return 0;  // a graph that cannot infer with bounds says nothing about its limit
    }
    auto limit = kBound;
    for (const auto& operation : model.get_ordered_ops()) {
        for (const auto& output : operation->outputs()) {
            const auto shape = output.get_partial_shape();
            if (shape.rank().is_dynamic() || shape.size() < 2) continue;
            // Fixed sizes are those of weights and heads; what depends on the tokens is still open, from 2 to its
            // bound.
            const ov::Dimension& tokens = shape[1];
            if (tokens.is_dynamic() && tokens.get_interval().has_upper_bound())
                limit = std::min(limit, tokens.get_max_length());
        }
    }
    return limit == kBound ? 0 : static_cast<size_t>(limit);
}

}  // namespace

SourceKind source_kind(const std::string& name) {
    if (name == "openvino") return SourceKind::OpenVino;
    if (name == "onnx") return SourceKind::Onnx;
    if (name == "safetensors") return SourceKind::Safetensors;
    throw Error(ErrorCode::InvalidArgument,
                "Expected openvino, onnx or safetensors for the source, received '" + name + "'.");
}

std::vector<std::string> files_of(const ModelSource& source) {
    switch (source.kind) {
        case SourceKind::OpenVino:
            return {source.file, bin_of(source.file)};
        case SourceKind::Onnx:
            return {source.file};
        case SourceKind::Safetensors:
            return {source.file, config_of(source.file)};
    }
    return {source.file};
}

ModelGraph read_model(const ModelSource& source) {
    try {
        const faults::Passage passage(faults::Stage::Load);
        ModelGraph graph = source.kind == SourceKind::OpenVino ? read_openvino(source.file)
                           : source.kind == SourceKind::Onnx   ? read_onnx(source.file)
                                                               : read_safetensors(source.file);
        graph.max_positions = longest_row(*graph.model);
        make_dynamic(*graph.model);
        graph.vocabulary = vocabulary_of(*graph.model);
        graph.quantization = quantization::stored(*graph.model);
        graph.file = source.file;
        return graph;
    } catch (...) {
        throw current_error(ErrorCode::ModelInvalid, source.file + " is not a model that OpenVINO can read.");
    }
}

}  // namespace ovembed
