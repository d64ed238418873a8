#include "core/mapped_file.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "core/error.h"

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace ovembed {
namespace {

namespace fs = std::filesystem;

fs::path native_path(const std::string& utf8) { return fs::u8path(utf8); }

void check_regular_file(const std::string& path) {
    std::error_code problem;
    const auto status = fs::status(native_path(path), problem);
    if (!fs::exists(status)) throw Error(ErrorCode::ModelNotFound, "There is no file " + path + ".");
    if (!fs::is_regular_file(status)) throw Error(ErrorCode::ModelInvalid, path + " is not a regular file.");
}

Error empty_file(const std::string& path) { return Error(ErrorCode::ModelInvalid, path + " is empty."); }

using Stamp = MappedFile::Stamp;

struct View {
    const uint8_t* data;
    Stamp stamp;
};

// The size is asked of the opened file: by now the path may name another one, and touching pages beyond the end of a
// file ends the process.
#ifdef _WIN32
HANDLE open_file(const std::string& path) {
    return CreateFileW(native_path(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                       FILE_ATTRIBUTE_NORMAL, nullptr);
}

Stamp stamp_of(HANDLE file) {
    const auto join = [](DWORD high, DWORD low) { return static_cast<uint64_t>(high) << 32 | low; };
    BY_HANDLE_FILE_INFORMATION info{};
    GetFileInformationByHandle(file, &info);
    return {info.dwVolumeSerialNumber, join(info.nFileIndexHigh, info.nFileIndexLow),
            join(info.nFileSizeHigh, info.nFileSizeLow),
            join(info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime)};
}

std::optional<Stamp> stamp_of(const std::string& path) {
    const HANDLE file = open_file(path);
    if (file == INVALID_HANDLE_VALUE) return std::nullopt;
    const Stamp stamp = stamp_of(file);
    CloseHandle(file);
    return stamp;
}

View map(const std::string& path) {
    const HANDLE file = open_file(path);
    if (file == INVALID_HANDLE_VALUE) throw std::system_error(GetLastError(), std::system_category());
    const Stamp stamp = stamp_of(file);
    const HANDLE mapping = stamp.size == 0 ? nullptr : CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
    const DWORD problem = GetLastError();
    CloseHandle(file);
    if (stamp.size == 0) throw empty_file(path);
    if (mapping == nullptr) throw std::system_error(problem, std::system_category());
    const void* view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    const DWORD view_problem = GetLastError();
    CloseHandle(mapping);
    if (view == nullptr) throw std::system_error(view_problem, std::system_category());
    return {static_cast<const uint8_t*>(view), stamp};
}

void unmap(const uint8_t* data, size_t) { UnmapViewOfFile(data); }
#else
Stamp stamp_of(const struct stat& status) {
#ifdef __APPLE__
    const timespec& modified = status.st_mtimespec;
#else
    const timespec& modified = status.st_mtim;
#endif
    return {static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino),
            static_cast<uint64_t>(status.st_size),
            static_cast<uint64_t>(modified.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(modified.tv_nsec)};
}

std::optional<Stamp> stamp_of(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return stamp_of(status);
}

View map(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw std::system_error(errno, std::generic_category());
    struct stat status{};
    const bool known = ::fstat(file, &status) == 0;
    const auto size = static_cast<size_t>(status.st_size);
    void* view = known && size != 0 ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    const int problem = errno;
    ::close(file);
    if (known && size == 0) throw empty_file(path);
    if (view == MAP_FAILED) throw std::system_error(problem, std::generic_category());
    return {static_cast<const uint8_t*>(view), stamp_of(status)};
}

void unmap(const uint8_t* data, size_t size) { ::munmap(const_cast<uint8_t*>(data), size); }
#endif

}  // namespace

MappedFile::MappedFile(const std::string& path) : m_path(path) {
    check_regular_file(path);
    try {
        const View view = map(path);
        m_data = view.data;
        m_size = static_cast<size_t>(view.stamp.size);
        m_stamp = view.stamp;
    } catch (...) {
        throw current_error(ErrorCode::ModelInvalid, path + " cannot be read.");
    }
}

MappedFile::~MappedFile() { unmap(m_data, m_size); }

bool MappedFile::unchanged() const noexcept {
    const auto now = stamp_of(m_path);
    return now && *now == m_stamp;
}

void MappedFile::release_pages() const noexcept {
#ifndef _WIN32  // there, the system takes pages back by itself when memory is short
    ::madvise(const_cast<uint8_t*>(m_data), m_size, MADV_DONTNEED);
#endif
}

void check_unchanged(const MappedFiles& files) {
    for (const auto& file : files) {
        if (file->unchanged()) continue;
        throw Error(ErrorCode::ModelInvalid, file->path() + " changed while it was being read.");
    }
}

std::string read_file(const std::string& path) {
    check_regular_file(path);
    std::ifstream file(native_path(path), std::ios::binary | std::ios::ate);
    if (file && file.tellg() == 0) throw empty_file(path);
    std::string bytes(file ? static_cast<size_t>(file.tellg()) : 0, '\0');
    file.seekg(0);
    if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
        throw Error(ErrorCode::ModelInvalid, path + " cannot be read.");
    return bytes;
}

}  // namespace ovembed
