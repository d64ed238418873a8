// Scaled dot-product attention (Vaswani et al. 2017). Shapes: B rows, S tokens, d width of a head.
#pragma once

#include <string>

#include "core/graph/layers.h"
#include "core/graph/rotary.h"

namespace ovembed::graph {

// [B, S, heads · d] to [B, heads, S, d], and back.
Value split_heads(const Value& x, size_t heads, size_t head_width);
Value merge_heads(const Value& x, size_t heads, size_t head_width);

// Grouped-query attention (Ainslie et al. 2023): every head of x [B, heads, S, d] `times` times, one after the other.
Value repeat_heads(const Value& x, size_t heads, size_t times);

// 1 / √d, to be folded into what makes the queries.
float attention_scale(size_t head_width);

// How the scores are computed. Written out is faster for short rows (docs/performance.md); fused needs no memory for
// the S × S scores of each head, which for 8,192 tokens and 12 heads are 3.2 GB.
enum class Scores { WrittenOut, Fused };

// Fused for models whose rows may be longer than 2,048 tokens. By the model, not the row, so that a text's bits do not
// depend on what else is asked for.
Scores scores_for(size_t positions);

// softmax(query · keyᵀ + bias) · value for [B, heads, S, d] each, the query scaled already; `bias` is broadcast to
// [B, heads, S, S] and holds at least the mask.
Value attend(const Value& query, const Value& key, const Value& value, const Value& bias,
             Scores scores = Scores::WrittenOut);

// What attention works on, [B, heads, S, d] each; the query is scaled already.
struct Heads {
    Value query;
    Value key;
    Value value;
};

Value attend(const Heads& heads, const Value& bias, Scores scores);

// Both rotated by their positions; d is `width`.
Heads rotated(const Heads& heads, const Rotary& rotary, size_t width);

// How the layers of one kind see other tokens: their mask, and their positions.
struct View {
    Value mask;
    Rotary rotary;
};

// Names of the projections under `name`, each [hidden, hidden] with a bias.
struct AttentionNames {
    std::string query = "query";
    std::string key = "key";
    std::string value = "value";
};

// By projections `name`.query and so on, each [hidden, hidden] with a bias.
Heads separate_heads(const Value& x, const Weights& weights, const std::string& name, size_t hidden, size_t heads,
                     const AttentionNames& names = {});

// By one projection for all three, one after the other: `name`.weight [3 · hidden, hidden].
Heads packed_heads(const Value& x, const Weights& weights, const std::string& name, size_t hidden, size_t heads,
                   Bias bias);

// Multi-head attention of a BERT-like encoder, x [B, S, hidden] to [B, S, hidden], without the output projection.
Value self_attention(const Value& x, const Value& bias, const Weights& weights, const std::string& name, size_t hidden,
                     size_t heads, const AttentionNames& names = {});

}  // namespace ovembed::graph
