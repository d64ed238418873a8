// The one error type of the core. Everything that leaves the core as an exception is an ovembed::Error.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace ovembed {

// Stable codes; lib/errors.ts knows the same names.
enum class ErrorCode {
    InvalidArgument,
    Closed,
    ModelNotFound,
    ModelInvalid,
    ModelUnsupported,
    DeviceUnavailable,
    DeviceFailed,
    OutOfMemory,
};

const char* to_string(ErrorCode code) noexcept;

class Error : public std::runtime_error {
public:
    // `message` is one clear sentence for the user; `detail` keeps the words of a library below us, if there are any.
    Error(ErrorCode code, const std::string& message, std::string detail = {})
        : std::runtime_error(message), m_code(code), m_detail(std::move(detail)) {}

    ErrorCode code() const noexcept { return m_code; }
    const std::string& detail() const noexcept { return m_detail; }

private:
    ErrorCode m_code;
    std::string m_detail;
};

// Turns whatever is being thrown (call it inside a catch block) into an Error: ours pass through, running out of
// memory keeps its own code, and anything else gets `code` and `sentence` with the original text as the detail.
Error current_error(ErrorCode code, const std::string& sentence);

}  // namespace ovembed
