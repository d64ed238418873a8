// sentence_transformers' Normalize: vectors of length 1.
#pragma once

#include "core/modules/module.h"

namespace ovembed {

class Normalize : public Module {
public:
    size_t width_after(size_t width) const override { return width; }
    void apply(Vectors& vectors) const override;
};

}  // namespace ovembed
