// Calling the Rust library (native/tokenizer): ownership and errors.
#pragma once

#include <ovembed_tokenizer.h>

#include <memory>
#include <string>

#include "core/error.h"

namespace ovembed::ffi {

inline std::string take(OvtString text) {
    const std::string copy(reinterpret_cast<const char*>(text.ptr), text.len);
    ovt_string_free(&text);
    return copy;
}

inline std::string copy(OvtText text) {
    return text.len == 0 ? std::string() : std::string(reinterpret_cast<const char*>(text.ptr), text.len);
}

inline OvtText borrow(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// Throws unless `status` is OK. `context` comes before the library's sentence: what was being done, to what.
inline void check(OvtStatus status, OvtString error, const std::string& context) {
    if (status == OVT_STATUS_OK) return;
    const std::string message = context + ": " + take(error) + ".";
    throw Error(status == OVT_STATUS_INVALID_ARGUMENT ? ErrorCode::InvalidArgument : ErrorCode::ModelInvalid, message);
}

}  // namespace ovembed::ffi
