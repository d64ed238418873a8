// Activation functions of PyTorch, with their default parameters.
#pragma once

#include <cstddef>
#include <string>

namespace ovembed {

enum class Activation { Identity, Tanh, Relu, Gelu, Silu, Sigmoid };

// Throws InvalidArgument for a name that is none of identity, tanh, relu, gelu, silu, sigmoid.
Activation activation_of(const std::string& name);

// In place; in f64 within. A NaN stays one.
void activate(Activation activation, float* values, size_t count);

}  // namespace ovembed
