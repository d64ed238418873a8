// Files as read-only memory maps, or read at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ovembed {

// Weights are mapped, not read: processes on one machine share the pages, and what is not touched is not loaded.
// The file must not shrink while it is mapped: check unchanged() after the pages were used and before trusting them.
// What a running model reads for as long as it lives is not mapped from a file that others may write.
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

    // False when the path names another file now, or this one was written meanwhile.
    bool unchanged() const noexcept;

    // Gives the resident pages back to the system, which brings them back when they are read again.
    void release_pages() const noexcept;

    // Tells two states of a path apart: which file it is, its size and when it was last written.
    struct Stamp {
        uint64_t device, inode, size, modified;
        bool operator==(const Stamp& other) const noexcept {
            return device == other.device && inode == other.inode && size == other.size && modified == other.modified;
        }
    };

private:
    std::string m_path;
    const uint8_t* m_data = nullptr;
    size_t m_size = 0;
    Stamp m_stamp{};
};

// Files that are used together, such as the shards of one model.
using MappedFiles = std::vector<std::shared_ptr<MappedFile>>;

// Throws ModelInvalid, naming the file, when one of them is no longer unchanged().
void check_unchanged(const MappedFiles& files);

// The whole file as bytes, not mapped, for small files (configs, tokenizers). Same errors as MappedFile.
std::string read_file(const std::string& path);

}  // namespace ovembed
