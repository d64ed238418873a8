// The parts that transformer encoders share, apart from attention. Shapes: B rows, S tokens, H hidden width.
#pragma once

#include <string>

#include "core/graph/ops.h"
#include "core/graph/weights.h"

namespace ovembed::graph {

enum class Bias { Yes, No };

// x · Wᵀ + b with W [out, in] and b [out] under `name`.weight and `name`.bias; both times `scale`, if it is not 1.
Value linear(const Value& x, const Weights& weights, const std::string& name, size_t in, size_t out, float scale = 1,
             Bias bias = Bias::Yes);

// One part of several projections that are stored as one: rows [part · out, (part + 1) · out) of W [parts · out, in]
// and of b. Parts are computed apart, which is as fast as together and needs no copy of the result.
Value linear_part(const Value& x, const Weights& weights, const std::string& name, size_t part, size_t parts, size_t in,
                  size_t out, float scale = 1, Bias bias = Bias::Yes);

// Layer normalisation over the last axis (Ba et al. 2016) with `name`.weight and `name`.bias, or their old names,
// `name`.gamma and `name`.beta.
Value layer_norm(const Value& x, const Weights& weights, const std::string& name, size_t width, double epsilon,
                 Bias bias = Bias::Yes);

// Root mean square normalisation over the last axis (Zhang and Sennrich 2019): x / √(mean(x²) + ε) · gain.
Value rms_norm(const Value& x, const Value& gain, double epsilon);

// By transformers' name (ACT2FN). Throws ModelUnsupported for a name it does not know, listing those it does.
Value activation(const Value& x, const std::string& name);

// The embeddings of token ids [B, S]: rows of `name`.weight [vocabulary, width].
Value token_embeddings(const Value& input_ids, const Weights& weights, const std::string& name, size_t vocabulary,
                       size_t width);

}  // namespace ovembed::graph
