#include "addon/tokenizer_wrap.h"

#include "addon/addon.h"
#include "addon/arrays.h"
#include "addon/encoding_wrap.h"
#include "addon/loading.h"
#include "addon/options.h"
#include "core/thread_pools.h"

namespace ovembed {
namespace {

Napi::Array array_argument(const Napi::CallbackInfo& info, size_t index) {
    if (!info[index].IsArray()) throw Napi::TypeError::New(info.Env(), "Expected an array.");
    return info[index].As<Napi::Array>();
}

std::vector<TokenizerInput> to_inputs(const Napi::Array& array) {
    std::vector<TokenizerInput> inputs;
    inputs.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); ++i) {
        const Napi::HandleScope scope(array.Env());
        const Napi::Value input = array.Get(i);
        if (input.IsString()) {
            inputs.emplace_back(input.As<Napi::String>().Utf8Value());
        } else {
            inputs.emplace_back(to_vector(input));
        }
    }
    return inputs;
}

// Empty where it is left out.
std::string optional_text(const Napi::Object& options, const char* name) {
    return options.Get(name).IsUndefined() ? std::string() : text_option(options, name);
}

Cut cut_option(const Napi::Object& options) {
    if (options.Get("cut").IsUndefined()) return Cut::End;
    try {
        return cut_of(text_option(options, "cut"));
    } catch (const Error& error) {
        throw to_js(options.Env(), error);
    }
}

EncodeOptions to_encode_options(const Napi::Object& options) {
    const bool overlaps = !options.Get("overlap").IsUndefined();
    return {integer_option(options, "maxLength"),
            boolean_option(options, "offsets"),
            boolean_option(options, "addSpecialTokens"),
            optional_text(options, "excludedPrompt"),
            cut_option(options),
            overlaps ? integer_option(options, "overlap") : 0,
            optional_text(options, "keptPrompt")};
}

Napi::Object to_js_encoding(Napi::Env env, std::shared_ptr<const Encoding> encoding) {
    return EncodingWrap::new_instance(OvembedAddon::of(env).encoding_class, std::move(encoding));
}

// Of what is being thrown; call it inside a catch block.
Error encode_error() { return current_error(ErrorCode::InvalidArgument, "The texts could not be tokenised."); }

}  // namespace

TokenizerWrap::TokenizerWrap(const Napi::CallbackInfo& info)
    : Wrapped(info), m_state(OvembedAddon::of(info.Env()).state()), m_vocabulary(m_native->vocabulary()) {
    account(info.Env(), static_cast<int64_t>(m_native->file_size()));
}

TokenizerWrap::~TokenizerWrap() { m_state->free_in_background(std::move(m_native)); }

Napi::Function TokenizerWrap::define(Napi::Env env) {
    return DefineClass(
        env, kName,
        {InstanceAccessor<&TokenizerWrap::vocab_size>("vocabSize"), InstanceAccessor<&TokenizerWrap::cut>("cut"),
         InstanceMethod<&TokenizerWrap::encode>("encode"), InstanceMethod<&TokenizerWrap::encode_now>("encodeNow"),
         InstanceMethod<&TokenizerWrap::cancel>("cancel"), InstanceMethod<&TokenizerWrap::decode>("decode"),
         InstanceMethod<&TokenizerWrap::close>("close")});
}

const std::shared_ptr<const Tokenizer>& TokenizerWrap::tokenizer(Napi::Env env) const {
    if (!m_native) throw to_js(env, Error(ErrorCode::Closed, "The tokenizer was closed."));
    return m_native;
}

void TokenizerWrap::close(const Napi::CallbackInfo& info) {
    m_state->free_in_background(std::move(m_native));
    account(info.Env(), 0);
}

Napi::Value TokenizerWrap::vocab_size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(m_vocabulary));
}

Napi::Value TokenizerWrap::cut(const Napi::CallbackInfo& info) {
    return Napi::String::New(info.Env(), tokenizer(info.Env())->cut() == Cut::Start ? "start" : "end");
}

Napi::Value TokenizerWrap::encode(const Napi::CallbackInfo& info) {
    auto inputs = to_inputs(array_argument(info, 0));
    const auto options = to_encode_options(object_argument(info, 1));
    const auto job = job_number(object_argument(info, 1).Get("job"));
    const auto state = m_state;
    const auto native = tokenizer(info.Env());
    const auto [ticket, promise] = state->begin(info.Env());
    const auto on_done = [state, ticket = ticket](Encoding encoding) {
        state->resolve(ticket,
                       [native = std::make_shared<const Encoding>(std::move(encoding))](Napi::Env env) -> Napi::Value {
                           return to_js_encoding(env, native);
                       });
    };
    const auto on_error = [state, ticket = ticket](std::exception_ptr problem) {
        try {
            std::rethrow_exception(problem);
        } catch (...) {
            state->reject(ticket, encode_error());
        }
    };
    try {
        native->encode_async(std::move(inputs), options, encode_pool(), on_done, on_error,
                             job ? m_jobs.begin(*job) : nullptr);
    } catch (...) {
        on_error(std::current_exception());
    }
    return promise;
}

Napi::Value TokenizerWrap::encode_now(const Napi::CallbackInfo& info) {
    const auto inputs = to_inputs(array_argument(info, 0));
    const auto options = to_encode_options(object_argument(info, 1));
    const auto& native = tokenizer(info.Env());
    std::shared_ptr<const Encoding> encoding;
    try {
        encoding = std::make_shared<const Encoding>(native->encode(inputs, options));
    } catch (...) {
        throw to_js(info.Env(), encode_error());
    }
    return to_js_encoding(info.Env(), std::move(encoding));
}

void TokenizerWrap::cancel(const Napi::CallbackInfo& info) {
    if (const auto job = job_number(info[0])) m_jobs.cancel(*job);
}

Napi::Value TokenizerWrap::decode(const Napi::CallbackInfo& info) {
    const auto array = array_argument(info, 0);
    std::vector<TokenIds> rows;
    for (uint32_t i = 0; i < array.Length(); ++i) rows.push_back(to_vector(array.Get(i)));
    const bool skip_special_tokens = info[1].ToBoolean();
    const auto decode_rows = [native = tokenizer(info.Env()), rows = std::move(rows), skip_special_tokens] {
        std::vector<std::string> texts;
        for (const auto& row : rows) texts.push_back(native->decode(row, skip_special_tokens));
        return texts;
    };
    const auto to_js_texts = [](Napi::Env env, const std::vector<std::string>& texts) -> Napi::Value {
        auto result = Napi::Array::New(env, texts.size());
        for (uint32_t i = 0; i < texts.size(); ++i) result.Set(i, Napi::String::New(env, texts[i]));
        return result;
    };
    return run_loading(info.Env(), m_state, encode_pool, "The ids could not be decoded.", decode_rows, to_js_texts);
}

}  // namespace ovembed
