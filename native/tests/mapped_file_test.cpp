#include "core/mapped_file.h"

#include <cstring>

#include "tests/expect.h"
#include "tests/temp_folder.h"

namespace ovembed {
namespace {

using testing::expect_error;
using testing::TempFolder;
using testing::write_file;

TEST(MappedFile, HoldsTheBytes) {
    const TempFolder folder;
    const std::string bytes = std::string("a\0b", 3) + std::string(10000, 'x');
    write_file(folder.file("f"), bytes);
    const MappedFile file(folder.file("f"));
    ASSERT_EQ(file.size(), bytes.size());
    EXPECT_EQ(std::memcmp(file.data(), bytes.data(), bytes.size()), 0);
    EXPECT_EQ(read_file(folder.file("f")), bytes);
}

TEST(MappedFile, TakesNamesOutsideAscii) {
    const TempFolder folder;
    write_file(folder.file("modèle 模型.bin"), "x");
    EXPECT_EQ(read_file(folder.file("modèle 模型.bin")), "x");
}

TEST(MappedFile, RefusesWhatIsNoFile) {
    const TempFolder folder;
    write_file(folder.file("empty"), "");
    write_file(folder.file("file"), "x");
    expect_error(ErrorCode::ModelNotFound, "missing", [&] { MappedFile(folder.file("missing")); });
    expect_error(ErrorCode::ModelNotFound, "below", [&] { MappedFile(folder.file("file/below")); });
    expect_error(ErrorCode::ModelInvalid, "is empty", [&] { MappedFile(folder.file("empty")); });
    expect_error(ErrorCode::ModelInvalid, "not a regular file", [&] { MappedFile(folder.path().u8string()); });
    expect_error(ErrorCode::ModelNotFound, "There is no file", [] { MappedFile(""); });
}

TEST(MappedFile, NoticesAnotherFileOfTheSameSize) {
    const TempFolder folder;
    const std::string path = folder.file("f");
    write_file(path, "one");
    const MappedFile file(path);
    const auto written = std::filesystem::last_write_time(path);
    write_file(folder.file("g"), "two");
    std::filesystem::last_write_time(folder.file("g"), written);
    std::filesystem::rename(folder.file("g"), path);
    EXPECT_FALSE(file.unchanged());
}

TEST(MappedFile, NoticesThatItWasWritten) {
    const TempFolder folder;
    const std::string path = folder.file("f");
    write_file(path, "one");
    const MappedFile file(path);
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::nanoseconds(100));
    EXPECT_FALSE(file.unchanged());
}

TEST(MappedFile, NoticesAnotherSize) {
    const TempFolder folder;
    const std::string path = folder.file("f");
    write_file(path, std::string(8192, 'x'));
    const MappedFile file(path);
    EXPECT_TRUE(file.unchanged());
    std::filesystem::resize_file(path, 100);
    EXPECT_FALSE(file.unchanged());
    std::filesystem::resize_file(path, 9000);
    EXPECT_FALSE(file.unchanged());
    std::filesystem::remove(path);
    EXPECT_FALSE(file.unchanged());
}

}  // namespace
}  // namespace ovembed
