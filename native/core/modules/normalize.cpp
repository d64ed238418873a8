#include "core/modules/normalize.h"

#include "core/pooling.h"

namespace ovembed {

void Normalize::apply(Vectors& vectors) const {
    for (size_t row = 0; row < vectors.rows(); ++row)
        normalize(vectors.data.data() + row * vectors.width, vectors.width);
}

}  // namespace ovembed
