// What a model does with a vector after pooling, one step at a time (sentence-transformers' modules after Pooling).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace ovembed {

// The vectors of a batch, row-major.
struct Vectors {
    size_t width;
    std::vector<float> data;

    size_t rows() const noexcept { return width == 0 ? 0 : data.size() / width; }
};

// Immutable once made, so that any number of threads may apply it. What a vector becomes depends on that vector alone,
// to the last bit, and a NaN in it stays one.
class Module {
public:
    virtual ~Module() = default;

    // Width of the vectors that come out where vectors of `width` go in. Throws ModelInvalid if they do not fit.
    virtual size_t width_after(size_t width) const = 0;
    virtual void apply(Vectors& vectors) const = 0;
};

using Modules = std::vector<std::shared_ptr<const Module>>;

}  // namespace ovembed
