#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <limits>

namespace ovembed::testing {
namespace {

constexpr size_t kMostBytes = 1 << 20;  // doubling must not make a case slow

const std::vector<std::string> kNumbers{"0",          "-1",         "1",
                                        "2",          "0.5",        "1e308",
                                        "1e400",      "-0",         "2147483647",
                                        "2147483648", "4294967296", "9223372036854775807",
                                        "1e-400",     "65536",      "18446744073709551616"};

constexpr uint64_t kWords[] = {0,
                               1,
                               0x7F,
                               0xFFFF,
                               0x7FFFFFFF,
                               0x80000000,
                               0xFFFFFFFF,
                               std::numeric_limits<uint64_t>::max() / 2,
                               std::numeric_limits<uint64_t>::max() - 7,
                               std::numeric_limits<uint64_t>::max()};

}  // namespace

std::string Mutator::mutate(const std::vector<std::string>& bases, const Dictionary& dictionary) {
    std::string bytes = bases[below(bases.size())];
    for (size_t left = 1 + below(below(4) == 0 ? 8 : 2); left > 0; --left) {
        damage(bytes, bases[below(bases.size())], dictionary);
        bytes.resize(std::min(bytes.size(), kMostBytes));
    }
    return bytes;
}

void Mutator::damage(std::string& bytes, const std::string& other, const Dictionary& dictionary) {
    const size_t at = below(bytes.size() + 1);
    const size_t length = std::min(bytes.size() - at, 1 + below(64));
    switch (below(10)) {
        case 0:
            if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
            break;
        case 1:
            if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
            break;
        case 2:
            bytes.resize(at);
            break;
        case 3:
            bytes.erase(at, length);
            break;
        case 4:
            bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(256)));
            break;
        case 5:
            set_word(bytes);
            break;
        case 6:
        case 7:
            replace_number(bytes);
            break;
        case 8:
            if (!dictionary.empty()) bytes.replace(at, below(2) * length, dictionary[below(dictionary.size())]);
            break;
        default:
            bytes.replace(at, length, other.substr(below(other.size()), 1 + below(256)));
    }
}

// The digits at a random place, or the next ones.
void Mutator::replace_number(std::string& bytes) {
    const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size()));
    const auto begin = std::find_if(from, bytes.end(), digit);
    const auto end = std::find_if_not(begin, bytes.end(), digit);
    if (begin != bytes.end()) bytes.replace(begin, end, kNumbers[below(kNumbers.size())]);
}

// A length or an offset, in the formats that have them; the first of them more often than others.
void Mutator::set_word(std::string& bytes) {
    const uint64_t word = kWords[below(std::size(kWords))] - below(3);
    const size_t size = below(2) == 0 ? 4 : 8;
    if (bytes.size() < size) return;
    const size_t at = below(3) == 0 ? 0 : below(bytes.size() - size + 1);
    std::memcpy(&bytes[at], &word, size);
}

}  // namespace ovembed::testing
