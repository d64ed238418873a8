// What the tests of several files expect.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"

namespace ovembed::testing {

// `call` throws an ovembed::Error of this code whose message contains `part`.
template <typename Call>
void expect_error(ErrorCode code, const std::string& part, const Call& call) {
    try {
        call();
        ADD_FAILURE() << "expected " << to_string(code) << ", but nothing was thrown";
    } catch (const Error& error) {
        EXPECT_STREQ(to_string(error.code()), to_string(code)) << error.what() << "\n" << error.detail();
        EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
            << "message: " << error.what() << "\nlacks: " << part;
    } catch (const std::exception& other) {
        ADD_FAILURE() << "expected an ovembed::Error, but got: " << other.what();
    }
}

inline bool same_bits(const float* a, const float* b, size_t count) {
    return std::memcmp(a, b, count * sizeof(float)) == 0;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && same_bits(a.data(), b.data(), a.size());
}

}  // namespace ovembed::testing
