// MPNet (Song et al. 2020, arXiv:2004.09297), as transformers' MPNetModel computes it without its pooler: BERT without
// token types, with positions as RoBERTa counts them and a bias on attention by distance that all layers share.
#include "core/error.h"
#include "core/graph/architectures.h"
#include "core/graph/embeddings.h"
#include "core/graph/masks.h"
#include "core/graph/positions.h"
#include "core/graph/post_norm.h"

namespace ovembed::graph {
namespace {

// Upstream takes these from no configuration: relative_attention_num_buckets is but the size of the table.
constexpr size_t kBuckets = 32;
constexpr int64_t kMaxDistance = 128;
constexpr size_t kPadding = 1;

size_t table_size(const Json& json) {
    const size_t size = json.size("relative_attention_num_buckets", kBuckets);
    if (size >= kBuckets) return size;
    throw Error(ErrorCode::ModelInvalid, json.name() + ": expected at least " + std::to_string(kBuckets) +
                                             " for relative_attention_num_buckets, found " + std::to_string(size) +
                                             ".");
}

void check_padding(const Json& json) {
    const size_t padding = json.count("pad_token_id", kPadding);
    if (padding == kPadding) return;
    refuse(json, "pad_token_id " + std::to_string(padding), "1 is, by which MPNet counts positions");
}

Value position_bias(const Weights& weights, const Value& length, size_t buckets, size_t heads) {
    const Value table = weights.get("encoder.relative_attention_bias.weight", {buckets, heads});
    const auto bucket = [](int64_t distance) { return t5_bucket(distance, kBuckets, kMaxDistance); };
    return distance_bias(bucket_rows(table, kMaxDistance, bucket), kMaxDistance, length);
}

PostNormNames layer_names() {
    PostNormNames names;
    names.attention = {"attention.attn.q", "attention.attn.k", "attention.attn.v"};
    names.attention_output = "attention.attn.o";
    names.attention_norm = "attention.LayerNorm";
    return names;
}

}  // namespace

std::shared_ptr<ov::Model> build_mpnet(const Json& json, std::shared_ptr<const Safetensors> file) {
    const PostNormConfig config = post_norm_config(json);
    EmbeddingConfig words = embedding_config(json, config.hidden, config.epsilon);
    words.types = 0;
    const size_t buckets = table_size(json);
    check_padding(json);
    const Weights weights(std::move(file), "mpnet.", "embeddings.word_embeddings.weight");
    return encoder("mpnet", [&](const EncoderInputs& inputs) {
        const Value bias = position_bias(weights, inputs.length, buckets, config.heads);
        const Value x = embeddings_after_padding(inputs, weights, words, kPadding);
        return post_norm_layers(x, bias + additive_mask(inputs.attention_mask), weights, "encoder.layer", config,
                                layer_names());
    });
}

}  // namespace ovembed::graph
