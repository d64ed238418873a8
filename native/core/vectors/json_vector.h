// Vectors as text.
#pragma once

#include <cstddef>
#include <string>

namespace ovembed {

// An array of JSON, each number in the fewest digits that read back as the same float32. Throws Error InvalidArgument
// for a value that is not finite: JSON has no number for it.
std::string to_json(const float* vector, size_t dimensions);

}  // namespace ovembed
