#include "core/error.h"

#include <new>

namespace ovembed {

const char* to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return "ERR_INVALID_ARGUMENT";
        case ErrorCode::Closed:
            return "ERR_CLOSED";
        case ErrorCode::ModelNotFound:
            return "ERR_MODEL_NOT_FOUND";
        case ErrorCode::ModelInvalid:
            return "ERR_MODEL_INVALID";
        case ErrorCode::ModelUnsupported:
            return "ERR_MODEL_UNSUPPORTED";
        case ErrorCode::DeviceUnavailable:
            return "ERR_DEVICE_UNAVAILABLE";
        case ErrorCode::DeviceFailed:
            return "ERR_DEVICE_FAILED";
        case ErrorCode::OutOfMemory:
            return "ERR_OUT_OF_MEMORY";
    }
    return "ERR_DEVICE_FAILED";
}

Error current_error(ErrorCode code, const std::string& sentence) {
    try {
        throw;
    } catch (const Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::OutOfMemory, sentence + " Not enough memory.");
    } catch (const std::exception& error) {
        const std::string words = error.what();
        if (words.find("bad_alloc") != std::string::npos)  // OpenVINO throws its own exceptions with the text of others
            return Error(ErrorCode::OutOfMemory, sentence + " Not enough memory.", words);
        return Error(code, sentence, words);
    } catch (...) {
        return Error(code, sentence, "an exception of unknown type");
    }
}

}  // namespace ovembed
