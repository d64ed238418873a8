// Positions of tokens, absolute and relative to each other.
#pragma once

#include <functional>

#include "core/graph/ops.h"

namespace ovembed::graph {

// Positions as RoBERTa counts them (fairseq's make_positions): tokens other than padding from `padding` + 1 on, padding
// itself at `padding`; i64 [B, S] for input_ids [B, S]. None is above `last`, so that a table with a row for `last` is
// never read beyond its end.
Value positions_after_padding(const Value& input_ids, int64_t padding, int64_t last);

// j − i for query i and key j: i64 [S, S], with `length` i64 [1].
Value distances(const Value& length);

// Where a table with a row for each of the distances −reach … reach has those of `distances`, i64 of any shape; farther
// ones have that of the nearest of them.
Value distance_rows(const Value& distances, int64_t reach);

// A bias on attention scores that depends on the distance alone: [1, heads, S, S]. `rows` f32 [2 · reach + 1, heads]
// holds the bias for the distances −reach … reach; farther ones have that of the nearest of them.
Value distance_bias(const Value& rows, int64_t reach, const Value& length);

// For distance_bias: the rows of `table` [buckets, heads] that `bucket` gives for each distance −reach … reach.
Value bucket_rows(const Value& table, int64_t reach, const std::function<int64_t(int64_t)>& bucket);

// Buckets of a bidirectional T5 (Raffel et al. 2020; transformers' _relative_position_bucket): half of them for keys
// ahead, half of each half exact, the rest logarithmic up to `max_distance`.
int64_t t5_bucket(int64_t distance, int64_t buckets, int64_t max_distance);

}  // namespace ovembed::graph
