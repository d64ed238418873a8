// Whether a device can run a model in fixed shapes, as far as that can be told without compiling it.
#pragma once

#include <string>
#include <vector>

#include "core/compile.h"

namespace ovembed {

struct Operation {
    std::string type;  // OpenVINO's, such as MatMul
    std::string name;
};

// What the model is like when all its inputs have one shape.
struct ShapeReport {
    ov::Shape shape;      // {rows, width}
    std::string problem;  // why there is no more to tell: the shape cannot be given, or the device could not be asked
    size_t open_operations = 0;  // that have an output whose shape is open all the same
    // Those of them whose own inputs are fixed, which is where it begins: the shape depends on values.
    std::vector<Operation> origins;
    bool asked = false;  // the device, about the operations
    std::vector<Operation> unsupported;
};

struct ModelReport {
    size_t operations = 0;  // of the graph, constants left out
    std::vector<ShapeReport> shapes;
};

// Reads the model as compile() does, and looks at it in a row of each of `widths` tokens. Where `asks`, the device,
// which has to be here, says by query_model which operations it takes. Throws Error as read_model() does.
ModelReport report_model(const EngineOptions& options, const std::vector<size_t>& widths, bool asks);

}  // namespace ovembed
