#include "core/model_reader.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/util/gather_base.hpp>

#include "core/error.h"
#include "core/faults.h"
#include "core/graph/architectures.h"
#include "core/graph/understood.h"
#include "core/model_ports.h"
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

// The shards, or the one file.
std::vector<std::string> weight_files(const ModelSource& source) {
    std::vector<std::string> shards;
    for (const std::string& file : source.files) {
        if (fs::u8path(file).extension() == ".safetensors") shards.push_back(file);
    }
    return shards.empty() ? std::vector<std::string>{source.file} : shards;
}

ModelGraph read_safetensors(const ModelSource& source) {
    const Json config = Json::read(config_of(source.file));
    const std::string type = config.text("model_type", "");
    const auto builder = graph::architectures().find(type);
    if (builder == graph::architectures().end()) {
        std::string names;
        for (const auto& entry : graph::architectures()) names += (names.empty() ? "" : ", ") + entry.first;
        throw Error(ErrorCode::ModelUnsupported,
                    config.name() + ": model_type '" + type + "' cannot be built from safetensors; supported: " +
                        names + ". An ONNX or OpenVINO export of the model beside it is used instead.");
    }
    graph::refuse_custom_code(config);
    const auto weights = std::make_shared<Safetensors>(weight_files(source));
    ModelGraph graph;
    graph.model = builder->second(config, weights);
    graph::refuse_leftovers(config, *weights);
    graph.weights = weights->files();
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

// Leaves the one output that is used, so that nothing else is computed.
void keep_one_output(ov::Model& model) {
    const auto& constant = model;
    const auto kept = model.get_results().at(find_output(constant.outputs()));
    const auto all = model.get_results();
    for (const auto& result : all) {
        if (result != kept) model.remove_result(result);
    }
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
    std::vector<std::string> files = source.files.empty() ? std::vector<std::string>{source.file} : source.files;
    if (source.kind == SourceKind::OpenVino) files.push_back(bin_of(source.file));
    if (source.kind == SourceKind::Safetensors) files.push_back(config_of(source.file));
    return files;
}

ModelGraph read_model(const ModelSource& source) {
    try {
        const faults::Passage passage(faults::Stage::Load);
        ModelGraph graph = source.kind == SourceKind::OpenVino ? read_openvino(source.file)
                           : source.kind == SourceKind::Onnx   ? read_onnx(source.file)
                                                               : read_safetensors(source);
        keep_one_output(*graph.model);
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
