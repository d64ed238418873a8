#include "core/vectors/json_vector.h"

#include "core/ffi.h"

namespace ovembed {

std::string to_json(const float* vector, size_t dimensions) {
    std::string json(dimensions * OVT_JSON_NUMBER_BYTES + 2, '\0');
    size_t written = 0;
    OvtString error{};
    const auto status =
        ovt_json_vector(vector, dimensions, reinterpret_cast<uint8_t*>(json.data()), json.size(), &written, &error);
    ffi::check(status, error, "The vector cannot be written as JSON");
    json.resize(written);
    return json;
}

}  // namespace ovembed
