// Runs a function on damaged input, many times.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/fuzz/mutator.h"

namespace ovembed::testing {

struct FuzzTarget {
    std::string name;
    std::vector<std::string> bases;
    Dictionary dictionary;
    // Returns, or throws an Error. Anything else is a failure, and so is taking longer than kFuzzLimit.
    std::function<void(const std::string& bytes, Mutator& random)> run;
    size_t cases;  // of a run that nothing is said of
};

// Runs cases 0, 1, …: `cases` of them, or as the environment says:
//   OVEMBED_FUZZ_SECONDS   until that time is over
//   OVEMBED_FUZZ_FROM      beginning with this case
//   OVEMBED_FUZZ_CASES     so many of them, as 1 to repeat a failure
// The number of the case that runs is in the file that is named at the start, for those that end the process.
void fuzz(const FuzzTarget& target);

}  // namespace ovembed::testing
