#include "addon/encoding_wrap.h"

#include "addon/arrays.h"

namespace ovembed {
namespace {

int64_t bytes_of(const Encoding& encoding) {
    const size_t words = encoding.ids.size() + encoding.type_ids.size() + encoding.offsets.size();
    return static_cast<int64_t>(words * sizeof(uint32_t) + encoding.special_tokens_mask.size() +
                                encoding.rows() * (sizeof(size_t) + 5 * sizeof(uint32_t) + 1));
}

}  // namespace

EncodingWrap::EncodingWrap(const Napi::CallbackInfo& info) : Wrapped(info) { account(info.Env(), bytes_of(*m_native)); }

Napi::Function EncodingWrap::define(Napi::Env env) {
    return DefineClass(
        env, kName,
        {InstanceAccessor<&EncodingWrap::lengths>("lengths"),
         InstanceAccessor<&EncodingWrap::original_lengths>("originalLengths"),
         InstanceAccessor<&EncodingWrap::truncated>("truncated"), InstanceAccessor<&EncodingWrap::inputs>("inputs"),
         InstanceAccessor<&EncodingWrap::own_starts>("ownStarts"),
         InstanceAccessor<&EncodingWrap::own_lengths>("ownLengths"), InstanceMethod<&EncodingWrap::tokens>("tokens"),
         InstanceMethod<&EncodingWrap::release>("release")});
}

std::shared_ptr<const Encoding> EncodingWrap::encoding(Napi::Env env) const {
    if (!m_native) throw Napi::TypeError::New(env, "The encoding was released.");
    return m_native;
}

Napi::Value EncodingWrap::lengths(const Napi::CallbackInfo& info) {
    const auto encoding = this->encoding(info.Env());
    auto array = Napi::Uint32Array::New(info.Env(), encoding->rows());
    for (size_t row = 0; row < encoding->rows(); ++row) array[row] = static_cast<uint32_t>(encoding->length(row));
    return array;
}

Napi::Value EncodingWrap::original_lengths(const Napi::CallbackInfo& info) {
    return to_typed_array<uint32_t>(info.Env(), encoding(info.Env())->original_lengths);
}

Napi::Value EncodingWrap::truncated(const Napi::CallbackInfo& info) {
    return to_typed_array<uint8_t>(info.Env(), encoding(info.Env())->truncated);
}

Napi::Value EncodingWrap::inputs(const Napi::CallbackInfo& info) {
    return to_typed_array<uint32_t>(info.Env(), encoding(info.Env())->inputs);
}

Napi::Value EncodingWrap::own_starts(const Napi::CallbackInfo& info) {
    return to_typed_array<uint32_t>(info.Env(), encoding(info.Env())->own_starts);
}

Napi::Value EncodingWrap::own_lengths(const Napi::CallbackInfo& info) {
    return to_typed_array<uint32_t>(info.Env(), encoding(info.Env())->own_lengths);
}

Napi::Value EncodingWrap::tokens(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto encoding = this->encoding(env);
    auto result = Napi::Object::New(env);
    result.Set("ids", to_typed_array<uint32_t>(env, encoding->ids));
    result.Set("typeIds", to_typed_array<uint32_t>(env, encoding->type_ids));
    result.Set("specialTokensMask", to_typed_array<uint8_t>(env, encoding->special_tokens_mask));
    result.Set("offsets", to_typed_array<uint32_t>(env, encoding->offsets));
    return result;
}

void EncodingWrap::release(const Napi::CallbackInfo& info) {
    m_native.reset();
    account(info.Env(), 0);
}

}  // namespace ovembed
