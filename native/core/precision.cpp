#include "core/precision.h"

#include "core/error.h"

namespace ovembed {

ov::element::Type element_type(const std::string& precision) {
    if (precision == "f32") return ov::element::f32;
    if (precision == "bf16") return ov::element::bf16;
    if (precision == "f16") return ov::element::f16;
    throw Error(ErrorCode::InvalidArgument,
                "Expected f32, bf16 or f16 for the precision, received '" + precision + "'.");
}

}  // namespace ovembed
