#include "core/file_lock.h"

#include <filesystem>
#include <system_error>

#include "core/error.h"

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace ovembed {
namespace {

constexpr intptr_t kHeldElsewhere = -1;

#ifdef _WIN32
void close_file(intptr_t file) { CloseHandle(reinterpret_cast<HANDLE>(file)); }

intptr_t lock_file(const std::string& path) {
    const HANDLE file =
        CreateFileW(std::filesystem::u8path(path).c_str(), GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE) throw std::system_error(GetLastError(), std::system_category());
    OVERLAPPED first_byte{};
    if (LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &first_byte))
        return reinterpret_cast<intptr_t>(file);
    const DWORD problem = GetLastError();
    CloseHandle(file);
    if (problem == ERROR_LOCK_VIOLATION) return kHeldElsewhere;
    throw std::system_error(problem, std::system_category());
}
#else
void close_file(intptr_t file) { ::close(static_cast<int>(file)); }

bool is_contention(int problem) { return problem == EWOULDBLOCK || problem == EAGAIN || problem == EACCES; }

bool is_unsupported(int problem) { return problem == ENOSYS || problem == EOPNOTSUPP || problem == ENOLCK; }

// Somebody may have deleted the file between its opening and the lock, which then guards nothing.
bool has_a_name(int file) {
    struct stat status{};
    return ::fstat(file, &status) == 0 && status.st_nlink > 0;
}

intptr_t lock_file(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0664);
    if (file < 0) throw std::system_error(errno, std::generic_category());
    const int problem = ::flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if ((problem == 0 || is_unsupported(problem)) && has_a_name(file)) return file;
    ::close(file);
    if (problem == 0 || is_unsupported(problem) || is_contention(problem)) return kHeldElsewhere;
    throw std::system_error(problem, std::generic_category());
}
#endif

}  // namespace

std::unique_ptr<FileLock> FileLock::try_lock(const std::string& path) {
    try {
        const intptr_t file = lock_file(path);
        return file == kHeldElsewhere ? nullptr : std::unique_ptr<FileLock>(new FileLock(file));
    } catch (...) {
        throw current_error(ErrorCode::InvalidArgument, path + " cannot be locked.");
    }
}

// Closing gives the lock back: nobody else has the descriptor, as no child process inherits it.
FileLock::~FileLock() { close_file(m_file); }

}  // namespace ovembed
