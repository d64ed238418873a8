// The parts that transformer encoders share. Shapes: B rows, S tokens, H hidden width.
#pragma once

#include <openvino/core/node.hpp>
#include <string>

#include "core/graph/weights.h"

namespace ovembed::graph {

using Value = ov::Output<ov::Node>;

Value constant(float value);
Value constant(const std::vector<int64_t>& values);

// x · Wᵀ + b with W [out, in] and b [out] under `name`.weight and `name`.bias; both times `scale`, if it is not 1.
Value linear(const Value& x, const Weights& weights, const std::string& name, size_t in, size_t out, float scale = 1);

// Layer normalisation over the last axis (Ba et al. 2016) with `name`.weight and `name`.bias.
Value layer_norm(const Value& x, const Weights& weights, const std::string& name, size_t width, double epsilon);

// By transformers' name (ACT2FN). Throws ModelUnsupported for a name it does not know, listing those it does.
Value activation(const Value& x, const std::string& name);

// attention_mask [B, S] of 1 (token) and 0 (padding) to an additive f32 mask [B, 1, 1, S] of 0 and -FLT_MAX.
Value additive_mask(const Value& attention_mask);

struct AttentionShape {
    size_t hidden;
    size_t heads;
    size_t head_width() const { return hidden / heads; }
};

// Scaled dot-product attention over all tokens (Vaswani et al. 2017), with projections `query`, `key`, `value` under
// `name`. Written out rather than as OpenVINO's fused operator; the scale 1/√d is folded into the query weights.
Value self_attention(const Value& x, const Value& mask, const Weights& weights, const std::string& name,
                     AttentionShape shape);

}  // namespace ovembed::graph
