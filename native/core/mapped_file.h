// A read-only memory map of a whole file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ovembed {

// Weights are mapped, not read: processes on one machine share the pages, and what is not touched is not loaded.
// The file must not shrink while it is mapped: check unchanged() after the pages were used and before trusting them.
class MappedFile {
public:
    // Throws ModelNotFound when there is no such file, ModelInvalid when it is empty or no regular file.
    explicit MappedFile(const std::string& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    const uint8_t* data() const noexcept { return m_data; }
    size_t size() const noexcept { return m_size; }
    const std::string& path() const noexcept { return m_path; }

    // False when the file behind the path has another size now, as when somebody is writing it.
    bool unchanged() const noexcept;

private:
    std::string m_path;
    const uint8_t* m_data = nullptr;
    size_t m_size = 0;
};

// The whole file as bytes, for small files (configs, tokenizers). Same errors as MappedFile.
std::string read_file(const std::string& path);

}  // namespace ovembed
