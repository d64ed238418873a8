#include "core/file_lock.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/error.h"
#include "tests/temp_folder.h"

#ifndef _WIN32
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#endif

namespace ovembed {
namespace {

TEST(FileLock, IsHeldByOneAndGivenBack) {
    const testing::TempFolder folder;
    auto first = FileLock::try_lock(folder.file("lock"));
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(FileLock::try_lock(folder.file("lock")), nullptr);
    EXPECT_NE(FileLock::try_lock(folder.file("other")), nullptr);
    first.reset();
    EXPECT_NE(FileLock::try_lock(folder.file("lock")), nullptr);
    EXPECT_TRUE(std::filesystem::exists(folder.file("lock"))) << "deleting it would split those who wait";
}

TEST(FileLock, NamesTheFileThatCannotBeLocked) {
    const testing::TempFolder folder;
    try {
        FileLock::try_lock(folder.file("nowhere/lock"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::InvalidArgument);
        EXPECT_NE(std::string(error.what()).find("nowhere/lock"), std::string::npos);
        EXPECT_FALSE(error.detail().empty());
    }
}

#ifndef _WIN32
TEST(FileLock, IsTheOneOfFlock) {
    const testing::TempFolder folder;
    const int file = ::open(folder.file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
    ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
    EXPECT_EQ(FileLock::try_lock(folder.file("lock")), nullptr);
    ASSERT_EQ(::flock(file, LOCK_UN), 0);
    const auto lock = FileLock::try_lock(folder.file("lock"));
    EXPECT_NE(lock, nullptr);
    EXPECT_NE(::flock(file, LOCK_EX | LOCK_NB), 0);
    ::close(file);
}

TEST(FileLock, IsNotTakenThroughALink) {
    const testing::TempFolder folder;
    testing::write_file(folder.file("elsewhere"), "");
    std::filesystem::create_symlink(folder.file("elsewhere"), folder.file("lock"));
    EXPECT_THROW(FileLock::try_lock(folder.file("lock")), Error);
}
#endif

}  // namespace
}  // namespace ovembed
