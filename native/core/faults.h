// Places where tests make the core fail. Two files implement this, chosen when a binary is linked: faults/none.cpp,
// with nothing in it, for the package, and faults/injected.cpp for the addon that the tests of failures run.
#pragma once

#include <cstddef>
#include <string>

#include "core/cancellation.h"
#include "core/pooling.h"

namespace ov {
class Core;
}

namespace ovembed::faults {

enum class Stage { Load, Compile, Tokenize, Infer, Pool, Export, Import };

// Called first when the addon is loaded. Throws Error(InvalidArgument) for a specification that does not parse.
void prepare();

// Called with the runtime as it is made: tests get a second device to fall back from and to.
void add_devices(ov::Core& core);

// One passage of a stage.
class Passage {
public:
    // May throw, wait for a time, or wait until `work` is cancelled or the process ends. `device` is OpenVINO's name of
    // the one that does the work; empty where none does.
    explicit Passage(Stage stage, const Cancellation* work = nullptr, const std::string& device = {});

    // Spoils what the stage computed: the hidden states of a batch, or `count` values in vectors of `width`.
    void spoil(const HiddenStates& states, size_t rows) const;
    void spoil(float* values, size_t count, size_t width) const;

private:
    bool m_nan = false;
    bool m_infinity = false;
    bool m_wrong = false;
};

}  // namespace ovembed::faults
