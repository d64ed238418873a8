#include "core/mapped_file.h"

#include <filesystem>
#include <system_error>

#include "core/error.h"

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace ovembed {
namespace {

namespace fs = std::filesystem;

fs::path native_path(const std::string& utf8) {
    return fs::u8path(utf8);
}

size_t regular_file_size(const std::string& path) {
    std::error_code problem;
    const auto status = fs::status(native_path(path), problem);
    if (!fs::exists(status)) throw Error(ErrorCode::ModelNotFound, "There is no file " + path + ".");
    if (!fs::is_regular_file(status)) throw Error(ErrorCode::ModelInvalid, path + " is not a regular file.");
    const auto size = fs::file_size(native_path(path), problem);
    if (problem) throw Error(ErrorCode::ModelInvalid, path + " cannot be read.", problem.message());
    if (size == 0) throw Error(ErrorCode::ModelInvalid, path + " is empty.");
    return static_cast<size_t>(size);
}

#ifdef _WIN32
const uint8_t* map(const std::string& path, size_t size) {
    const HANDLE file = CreateFileW(native_path(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE) throw std::system_error(GetLastError(), std::system_category());
    const HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, DWORD(uint64_t(size) >> 32), DWORD(size), nullptr);
    const DWORD problem = GetLastError();
    CloseHandle(file);
    if (mapping == nullptr) throw std::system_error(problem, std::system_category());
    const void* view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, size);
    const DWORD view_problem = GetLastError();
    CloseHandle(mapping);
    if (view == nullptr) throw std::system_error(view_problem, std::system_category());
    return static_cast<const uint8_t*>(view);
}

void unmap(const uint8_t* data, size_t) {
    UnmapViewOfFile(data);
}
#else
const uint8_t* map(const std::string& path, size_t size) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw std::system_error(errno, std::generic_category());
    void* view = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    const int problem = errno;
    ::close(file);
    if (view == MAP_FAILED) throw std::system_error(problem, std::generic_category());
    return static_cast<const uint8_t*>(view);
}

void unmap(const uint8_t* data, size_t size) {
    ::munmap(const_cast<uint8_t*>(data), size);
}
#endif

}  // namespace

MappedFile::MappedFile(const std::string& path) : m_path(path), m_size(regular_file_size(path)) {
    try {
        m_data = map(path, m_size);
    } catch (...) {
        throw current_error(ErrorCode::ModelInvalid, path + " cannot be read.");
    }
}

MappedFile::~MappedFile() {
    unmap(m_data, m_size);
}

bool MappedFile::unchanged() const noexcept {
    std::error_code problem;
    const auto size = fs::file_size(native_path(m_path), problem);
    return !problem && size == m_size;
}

std::string read_file(const std::string& path) {
    const MappedFile file(path);
    return std::string(reinterpret_cast<const char*>(file.data()), file.size());
}

}  // namespace ovembed
