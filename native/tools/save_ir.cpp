// save_ir SOURCE_KIND MODEL_FILE OUTPUT.xml: writes a model as OpenVINO IR with f32 weights, for the tests that compare
// the three sources of a model (test/native/sources.test.ts).
#include <iostream>
#include <openvino/openvino.hpp>

#include "core/error.h"
#include "core/model_reader.h"

int main(int count, char** arguments) {
    if (count != 4) {
        std::cerr << "usage: save_ir openvino|onnx|safetensors MODEL_FILE OUTPUT.xml\n";
        return 2;
    }
    try {
        const auto graph = ovembed::read_model({ovembed::source_kind(arguments[1]), arguments[2]});
        ov::save_model(graph.model, arguments[3], false);
        return 0;
    } catch (const ovembed::Error& error) {
        std::cerr << ovembed::to_string(error.code()) << ": " << error.what() << ' ' << error.detail() << '\n';
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
    }
    return 1;
}
