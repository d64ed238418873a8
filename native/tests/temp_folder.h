// A folder of its own for one test.
#pragma once

#include <filesystem>
#include <string>

namespace ovembed::testing {

// Made empty, removed with everything in it.
class TempFolder {
public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    // Absolute path of a name in the folder, which need not exist.
    std::string file(const std::string& name) const { return (m_path / name).u8string(); }
    const std::filesystem::path& path() const noexcept { return m_path; }

private:
    std::filesystem::path m_path;
};

void write_file(const std::string& path, const std::string& bytes);
std::string read_bytes(const std::string& path);

}  // namespace ovembed::testing
