#include "core/tokenizer.h"

#include <algorithm>
#include <atomic>
#include <exception>

#include "core/faults.h"
#include "core/ffi.h"
#include "core/mapped_file.h"

namespace ovembed {
namespace {

// Inputs that one thread takes at once: about a millisecond of work for texts of ordinary length.
constexpr size_t kSliceInputs = 128;

using RustEncoding = std::unique_ptr<OvtEncoding, decltype(&ovt_encoding_free)>;

OvtCut to_rust(Cut cut) {
    switch (cut) {
        case Cut::End:
            return OVT_CUT_END;
        case Cut::Start:
            return OVT_CUT_START;
        case Cut::Windows:
            return OVT_CUT_WINDOWS;
    }
    return OVT_CUT_END;
}

// The rows of one input.
void append(Encoding& target, const OvtEncodingView& view, size_t input) {
    const size_t total = view.row_starts[view.rows];
    const size_t base = target.ids.size();
    for (size_t row = 1; row <= view.rows; ++row) target.row_starts.push_back(base + view.row_starts[row]);
    target.ids.insert(target.ids.end(), view.ids, view.ids + total);
    target.type_ids.insert(target.type_ids.end(), view.type_ids, view.type_ids + total);
    target.special_tokens_mask.insert(target.special_tokens_mask.end(), view.special_tokens_mask,
                                      view.special_tokens_mask + total);
    target.offsets.insert(target.offsets.end(), view.offsets, view.offsets + view.offsets_len);
    target.original_lengths.insert(target.original_lengths.end(), view.original_counts,
                                   view.original_counts + view.rows);
    target.truncated.insert(target.truncated.end(), view.truncated, view.truncated + view.rows);
    target.inputs.insert(target.inputs.end(), view.rows, static_cast<uint32_t>(input));
    target.own_starts.insert(target.own_starts.end(), view.own_starts, view.own_starts + view.rows);
    target.own_lengths.insert(target.own_lengths.end(), view.own_counts, view.own_counts + view.rows);
}

void append(Encoding& target, const Encoding& slice) {
    const size_t base = target.ids.size();
    const auto join = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    for (size_t row = 1; row <= slice.rows(); ++row) target.row_starts.push_back(base + slice.row_starts[row]);
    join(target.ids, slice.ids);
    join(target.type_ids, slice.type_ids);
    join(target.special_tokens_mask, slice.special_tokens_mask);
    join(target.offsets, slice.offsets);
    join(target.original_lengths, slice.original_lengths);
    join(target.truncated, slice.truncated);
    join(target.inputs, slice.inputs);
    join(target.own_starts, slice.own_starts);
    join(target.own_lengths, slice.own_lengths);
    join(target.prompt_tokens, slice.prompt_tokens);
}

// What the threads that encode one call share; the last to finish reports.
struct SlicedCall {
    std::vector<TokenizerInput> inputs;
    std::vector<Encoding> slices;
    std::vector<std::exception_ptr> errors;
    std::atomic<size_t> left;
    std::shared_ptr<const Cancellation> cancellation;
    std::function<void(Encoding)> on_done;
    std::function<void(std::exception_ptr)> on_error;

    void end(size_t slice, std::exception_ptr error) {
        errors[slice] = std::move(error);
        if (--left == 0) finish();
    }

    void finish() {
        for (const auto& error : errors) {
            if (error) return on_error(error);
        }
        Encoding whole;
        try {
            for (const auto& slice : slices) append(whole, slice);
        } catch (...) {
            return on_error(std::current_exception());
        }
        on_done(std::move(whole));
    }
};

}  // namespace

Cut cut_of(const std::string& name) {
    if (name == "end") return Cut::End;
    if (name == "start") return Cut::Start;
    if (name == "windows") return Cut::Windows;
    throw Error(ErrorCode::InvalidArgument, "Expected end, start or windows for the cut, received '" + name + "'.");
}

Tokenizer::Tokenizer(const std::string& file, bool lower_case) {
    const std::string json = read_file(file);
    OvtTokenizer* tokenizer = nullptr;
    OvtString error{};
    ffi::check(
        ovt_tokenizer_new(reinterpret_cast<const uint8_t*>(json.data()), json.size(), lower_case, &tokenizer, &error),
        error, file);
    m_tokenizer = std::shared_ptr<OvtTokenizer>(tokenizer, ovt_tokenizer_free);
    m_file_size = json.size();
}

size_t Tokenizer::vocabulary() const noexcept { return ovt_tokenizer_vocab_size(m_tokenizer.get()); }

Cut Tokenizer::cut() const noexcept {
    return ovt_tokenizer_cut(m_tokenizer.get()) == OVT_CUT_START ? Cut::Start : Cut::End;
}

// The prompt's own tokens as the first ones of a text that begins with it, counted as sentence-transformers does: the
// prompt is tokenised alone, and a special token at its end is left to the text.
size_t Tokenizer::tokens_of_prompt(const EncodeOptions& options) const {
    if (options.excluded_prompt.empty()) return 0;
    EncodeOptions alone = options;
    alone.excluded_prompt.clear();
    alone.cut = Cut::End;
    const Encoding prompt = encode({options.excluded_prompt}, alone);
    if (prompt.ids.empty()) return 0;
    const bool ends_special = encode({TokenIds{prompt.ids.back()}}, alone).special_tokens_mask.front() != 0;
    return prompt.ids.size() - (ends_special ? 1 : 0);
}

// What a text that loses its beginning keeps of it: the prompt's tokens, where the text's begin with the same.
TokenIds Tokenizer::kept_ids(const EncodeOptions& options) const {
    if (options.kept_prompt.empty() || options.cut == Cut::End) return {};
    return encode({options.kept_prompt}, {0, false, false}).ids;
}

void Tokenizer::encode_range(const std::vector<TokenizerInput>& inputs, size_t begin, size_t end,
                             const EncodeOptions& options, const Cancellation* cancellation, Encoding& target) const {
    const faults::Passage passage(faults::Stage::Tokenize, cancellation);
    const TokenIds head = kept_ids(options);
    const OvtEncodeOptions rust_options{options.max_length, to_rust(options.cut),       options.overlap, head.data(),
                                        head.size(),        options.add_special_tokens, options.offsets};
    const size_t prompt = tokens_of_prompt(options);
    for (size_t i = begin; i < end; ++i) {
        if (cancellation) cancellation->check();
        OvtEncoding* encoded = nullptr;
        OvtString error{};
        OvtStatus status = OVT_STATUS_OK;
        const auto* text = std::get_if<std::string>(&inputs[i]);
        if (text != nullptr) {
            const OvtText row = ffi::borrow(*text);
            status = ovt_tokenizer_encode(m_tokenizer.get(), &row, 1, &rust_options, &encoded, &error);
        } else {
            const auto& ids = std::get<TokenIds>(inputs[i]);
            const size_t row_starts[] = {0, ids.size()};
            status =
                ovt_tokenizer_encode_ids(m_tokenizer.get(), ids.data(), row_starts, 1, &rust_options, &encoded, &error);
        }
        ffi::check(status, error, "Input " + std::to_string(i));
        const RustEncoding owner(encoded, ovt_encoding_free);
        OvtEncodingView view{};
        ffi::check(ovt_encoding_view(encoded, &view, &error), error, "Input " + std::to_string(i));
        append(target, view, i);
        // Ids come without a prompt. A row that lost its beginning has as much of it as it kept.
        const bool keeps_head = options.cut != Cut::End && (view.rows > 1 || view.truncated[0] != 0);
        for (size_t row = 0; row < view.rows; ++row) {
            const size_t first = keeps_head ? std::min<size_t>(prompt, view.own_starts[row]) : prompt;
            target.prompt_tokens.push_back(text == nullptr ? 0 : static_cast<uint32_t>(first));
        }
    }
}

Encoding Tokenizer::encode(const std::vector<TokenizerInput>& inputs, const EncodeOptions& options) const {
    Encoding encoding;
    encode_range(inputs, 0, inputs.size(), options, nullptr, encoding);
    return encoding;
}

void Tokenizer::encode_async(std::vector<TokenizerInput> inputs, const EncodeOptions& options, ThreadPool& pool,
                             std::function<void(Encoding)> on_done, std::function<void(std::exception_ptr)> on_error,
                             std::shared_ptr<const Cancellation> cancellation) const {
    const size_t count = std::max<size_t>(1, (inputs.size() + kSliceInputs - 1) / kSliceInputs);
    auto call = std::make_shared<SlicedCall>();
    call->inputs = std::move(inputs);
    call->slices.resize(count);
    call->errors.resize(count);
    call->left = count;
    call->cancellation = std::move(cancellation);
    call->on_done = std::move(on_done);
    call->on_error = std::move(on_error);
    for (size_t slice = 0; slice < count; ++slice) {
        const auto encode_slice = [tokenizer = *this, call, slice, options] {
            std::exception_ptr error;
            try {
                const size_t begin = slice * kSliceInputs;
                const size_t end = std::min(begin + kSliceInputs, call->inputs.size());
                tokenizer.encode_range(call->inputs, begin, end, options, call->cancellation.get(),
                                       call->slices[slice]);
            } catch (...) {
                error = std::current_exception();
            }
            call->end(slice, error);
        };
        try {
            pool.run(encode_slice);
        } catch (...) {
            call->end(slice, std::current_exception());  // the other slices are on their way
        }
    }
}

std::string Tokenizer::decode(const TokenIds& ids, bool skip_special_tokens) const {
    OvtString text{};
    OvtString error{};
    ffi::check(ovt_tokenizer_decode(m_tokenizer.get(), ids.data(), ids.size(), skip_special_tokens, &text, &error),
               error, "Decoding");
    return ffi::take(text);
}

}  // namespace ovembed
