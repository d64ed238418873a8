// Tiny BERT models with random weights, written to a folder, so that no test needs a network or Python.
#pragma once

#include <map>
#include <openvino/core/type/element_type.hpp>
#include <string>
#include <vector>

#include "tests/safetensors_writer.h"
#include "tests/temp_folder.h"

namespace ovembed::testing {

struct TinyModelOptions {
    size_t hidden = 32;
    size_t heads = 4;
    size_t layers = 2;
    size_t intermediate = 64;
    size_t positions = 64;
    std::string activation = "gelu";
    ov::element::Type weights = ov::element::f32;  // f32, f16 or bf16
    std::string prefix;                            // before every tensor's name, such as "bert."
    bool position_ids = false;                     // the I64 buffer that older checkpoints carry
    size_t align = 8;                              // of the data in the safetensors file
    unsigned seed = 1;                             // the same seed gives the same model on every machine
};

// Tokens of the tiny vocabulary: special tokens, letters alone and inside words, some words.
const std::vector<std::string>& tiny_vocabulary();

// Weights by name, without prefix: [rows, columns] or [width], row-major.
using TinyWeights = std::map<std::string, TensorToWrite>;
TinyWeights tiny_weights(const TinyModelOptions& options);

std::string tiny_config(const TinyModelOptions& options);
std::string tiny_tokenizer();

// config.json, model.safetensors and tokenizer.json in a folder of their own.
class TinyModel {
public:
    explicit TinyModel(const TinyModelOptions& options = {});

    std::string file(const std::string& name) const { return m_folder.file(name); }
    std::string weights() const { return file("model.safetensors"); }
    std::string tokenizer() const { return file("tokenizer.json"); }

private:
    TempFolder m_folder;
};

// An OpenVINO IR (model.xml, model.bin) of the tiny model, f32. `xml` is its path.
void write_ir(const TinyModel& model, const std::string& xml);

}  // namespace ovembed::testing
