// A lock between processes, which ends with the process that holds it, however that ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace ovembed {

// The lock that Python's filelock takes (what huggingface_hub locks its cache with): flock(2) on the whole file, on
// Windows LockFileEx on its first byte. The file stays when the lock is given back: deleting it would let two processes
// hold locks on two files of one name. Two locks of one process exclude each other as those of two processes do.
//
// Where the file system knows no locks, every lock is granted, as flock(2) itself does on some network file systems:
// what is done under a lock must at worst be done twice.
class FileLock {
public:
    // Does not wait: null when somebody else holds the lock. Makes the file, for group and owner to write, but not its
    // folder. Throws InvalidArgument with the system's reason as the detail.
    static std::unique_ptr<FileLock> try_lock(const std::string& path);

    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

private:
    explicit FileLock(intptr_t file) : m_file(file) {}

    intptr_t m_file;  // a descriptor, on Windows a handle
};

}  // namespace ovembed
