// Damage to bytes, each case repeatable by its number.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace ovembed::testing {

// What a format is made of: mutations put these where random bytes would never meet them.
using Dictionary = std::vector<std::string>;

class Mutator {
public:
    explicit Mutator(uint64_t number) : m_random(number * 0x9E3779B97F4A7C15ULL + 1) {}

    // From 0 to limit - 1; 0 for no limit.
    size_t below(size_t limit) { return limit == 0 ? 0 : static_cast<size_t>(m_random() % limit); }

    // One of `bases` with 1 to 8 damages.
    std::string mutate(const std::vector<std::string>& bases, const Dictionary& dictionary);

private:
    void damage(std::string& bytes, const std::string& other, const Dictionary& dictionary);
    void replace_number(std::string& bytes);
    void set_word(std::string& bytes);

    std::mt19937_64 m_random;
};

}  // namespace ovembed::testing
