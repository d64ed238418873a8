// The grammar of OVEMBED_FAULTS: which passages of which stages fail, and how.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/faults.h"

namespace ovembed::faults {

enum class Kind { Throw, NaN, Infinity, Hang, Delay, Wrong, OutOfMemory, Crash };

struct Rule {
    Stage stage;
    std::string device;  // empty: any
    Kind kind;
    uint64_t first;  // passages of the stage (on the device) in this process, counted from 1
    uint64_t last;
    std::optional<std::chrono::milliseconds> time;
};

// `stage[.device]:kind@n[-[m]][=ms]`, several separated by commas; an empty text is none. Throws
// Error(InvalidArgument), which names the part that is wrong.
std::vector<Rule> parse(const std::string& text);

}  // namespace ovembed::faults
