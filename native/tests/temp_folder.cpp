#include "tests/temp_folder.h"

#include <atomic>
#include <fstream>
#include <iterator>
#include <random>

namespace ovembed::testing {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
    static const unsigned process = std::random_device{}();
    static std::atomic<unsigned> counter{0};
    m_path = fs::temp_directory_path() / ("ovembed-" + std::to_string(process) + "-" + std::to_string(counter++));
    fs::create_directories(m_path);
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    fs::remove_all(m_path, ignored);
}

void write_file(const std::string& path, const std::string& bytes) {
    std::ofstream out;
    out.exceptions(std::ios::badbit | std::ios::failbit);
    out.open(fs::u8path(path), std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string read_bytes(const std::string& path) {
    std::ifstream in(fs::u8path(path), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace ovembed::testing
