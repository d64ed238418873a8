#include "core/modules/activation.h"

#include <cmath>

#include "core/error.h"

namespace ovembed {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

template <typename Function>
void map(float* values, size_t count, const Function& function) {
    for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(function(static_cast<double>(values[i])));
}

}  // namespace

Activation activation_of(const std::string& name) {
    if (name == "identity") return Activation::Identity;
    if (name == "tanh") return Activation::Tanh;
    if (name == "relu") return Activation::Relu;
    if (name == "gelu") return Activation::Gelu;
    if (name == "silu") return Activation::Silu;
    if (name == "sigmoid") return Activation::Sigmoid;
    throw Error(ErrorCode::InvalidArgument,
                "Expected identity, tanh, relu, gelu, silu or sigmoid for the activation, received '" + name + "'.");
}

void activate(Activation activation, float* values, size_t count) {
    switch (activation) {
        case Activation::Identity:
            return;
        case Activation::Tanh:
            return map(values, count, [](double x) { return std::tanh(x); });
        case Activation::Relu:
            return map(values, count, [](double x) { return x < 0 ? 0 : x; });
        case Activation::Gelu:
            return map(values, count, [](double x) { return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5))); });
        case Activation::Silu:
            return map(values, count, [](double x) { return x * sigmoid(x); });
        case Activation::Sigmoid:
            return map(values, count, sigmoid);
    }
}

}  // namespace ovembed
