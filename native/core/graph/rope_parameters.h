// Rotary settings of config.json, as transformers 5 writes them (rope_parameters) and as it did before (rope_theta,
// rope_scaling).
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace ovembed::graph {

// Where the settings of one kind of layer are.
struct RopeKeys {
    std::string group;  // its member of rope_parameters, as "full_attention"; empty: rope_parameters itself
    std::string theta;  // the key of its base outside rope_parameters
    double default_theta;
    bool scaling = true;  // whether rope_scaling holds for it
};

// The frequencies for rotary(). rope_type may be default, linear (frequencies divided by `factor`) or dynamic, which up
// to max_position_embeddings, and no row is longer, is the default. Throws ModelInvalid for a width that is odd or
// above 65,536 or a base below 1, ModelUnsupported for another rope_type and for partial_rotary_factor.
std::vector<float> rope_frequencies(const Json& config, const RopeKeys& keys, size_t width);

// Throws ModelInvalid for what rotary_frequencies does not take.
void check_rope(const Json& config, size_t width, double base);

}  // namespace ovembed::graph
