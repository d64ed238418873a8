#include "core/safetensors.h"

#include <cstring>
#include <limits>

#include "tests/expect.h"
#include "tests/safetensors_writer.h"
#include "tests/temp_folder.h"

namespace ovembed {
namespace {

using testing::expect_error;
using testing::safetensors_file;
using testing::TempFolder;
using testing::write_file;

std::string header(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"t":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

TEST(Safetensors, FindsTensorsWithTypeShapeAndData) {
    const TempFolder folder;
    write_file(folder.file("m"), safetensors_file({{"a", "F32", {2, 1}, "aaaabbbb"},
                                                   {"b", "BF16", {3}, "cccccc"},
                                                   {"c", "I64", {}, "dddddddd"},
                                                   {"d", "F8_E4M3", {2}, "ee"},
                                                   {"none", "F16", {0, 7}, ""}}));
    const Safetensors file(folder.file("m"));
    ASSERT_NE(file.find("a"), nullptr);
    EXPECT_EQ(file.find("a")->type, ov::element::f32);
    EXPECT_EQ(file.find("a")->shape, (ov::Shape{2, 1}));
    EXPECT_EQ(std::memcmp(file.find("a")->data, "aaaabbbb", 8), 0);
    EXPECT_EQ(file.find("b")->type, ov::element::bf16);
    EXPECT_EQ(std::memcmp(file.find("b")->data, "cccccc", 6), 0);
    EXPECT_EQ(file.find("c")->type, ov::element::i64);
    EXPECT_TRUE(file.find("c")->shape.empty());
    EXPECT_EQ(file.find("d")->type, ov::element::dynamic);
    EXPECT_EQ(file.find("d")->dtype, "F8_E4M3");
    EXPECT_EQ(file.find("none")->shape, (ov::Shape{0, 7}));
    EXPECT_EQ(file.find("__metadata__"), nullptr);
    EXPECT_EQ(file.find("x"), nullptr);
}

TEST(Safetensors, ReadsEveryDtypeByItsName) {
    const std::pair<const char*, ov::element::Type> known[] = {
        {"F32", ov::element::f32},     {"F16", ov::element::f16}, {"BF16", ov::element::bf16},
        {"F64", ov::element::f64},     {"I64", ov::element::i64}, {"I32", ov::element::i32},
        {"I16", ov::element::i16},     {"I8", ov::element::i8},   {"U64", ov::element::u64},
        {"U32", ov::element::u32},     {"U16", ov::element::u16}, {"U8", ov::element::u8},
        {"BOOL", ov::element::boolean}};
    const TempFolder folder;
    for (const auto& [name, type] : known) {
        SCOPED_TRACE(name);
        write_file(folder.file("m"), safetensors_file({{"t", name, {2}, std::string(2 * type.size(), '\0')}}));
        const Safetensors file(folder.file("m"));
        EXPECT_EQ(file.find("t")->type, type);
        EXPECT_EQ(file.find("t")->dtype, name);
    }
}

TEST(Safetensors, RefusesDamagedFiles) {
    const std::string eight(8, 'x');
    const std::string good = header("F32", "[2]", "[0,8]");
    const auto with_length = [&](uint64_t length) {
        std::string file = safetensors_file(good, eight);
        std::memcpy(file.data(), &length, sizeof length);
        return file;
    };
    const std::pair<const char*, std::string> cases[] = {
        {"shorter than its length field", "1234567"},
        {"only a length field", std::string(8, '\0')},
        {"length of zero", with_length(0)},
        {"length beyond the file", with_length(good.size() + 100)},
        {"length of 2^64 - 1", with_length(std::numeric_limits<uint64_t>::max())},
        {"length of 2^63", with_length(uint64_t{1} << 63)},
        {"length that cuts the header", with_length(good.size() - 1)},
        {"header is no JSON", safetensors_file(std::string("not JSON"), eight)},
        {"header is an array", safetensors_file(std::string("[]"), "")},
        {"header is not UTF-8", safetensors_file(std::string("{\"\xff\xfe\":1}"), "")},
        {"tensor is no object", safetensors_file(std::string(R"({"t":1})"), "")},
        {"dtype missing", safetensors_file(std::string(R"({"t":{"shape":[2],"data_offsets":[0,8]}})"), eight)},
        {"dtype unknown", safetensors_file(header("F31", "[2]", "[0,8]"), eight)},
        {"shape missing", safetensors_file(std::string(R"({"t":{"dtype":"F32","data_offsets":[0,8]}})"), eight)},
        {"shape negative", safetensors_file(header("F32", "[-2]", "[0,8]"), eight)},
        {"shape fractional", safetensors_file(header("F32", "[2.5]", "[0,8]"), eight)},
        {"shape larger than the data", safetensors_file(header("F32", "[3]", "[0,8]"), eight)},
        {"shape smaller than the data", safetensors_file(header("F32", "[1]", "[0,8]"), eight)},
        {"product of the shape overflows",
         safetensors_file(header("F32", "[4294967296,4294967296,2]", "[0,8]"), eight)},
        {"bytes of the shape overflow", safetensors_file(header("F32", "[4611686018427387906]", "[0,8]"), eight)},
        {"offsets missing", safetensors_file(std::string(R"({"t":{"dtype":"F32","shape":[2]}})"), eight)},
        {"three offsets", safetensors_file(header("F32", "[2]", "[0,4,8]"), eight)},
        {"offsets reversed", safetensors_file(header("F32", "[2]", "[8,0]"), eight)},
        {"offset negative", safetensors_file(header("F32", "[2]", "[-8,0]"), eight)},
        {"offsets beyond the data", safetensors_file(header("F32", "[4]", "[0,16]"), eight)},
        {"offset of 2^64 - 1", safetensors_file(header("F32", "[2]", "[0,18446744073709551615]"), eight)},
        {"gap before the first tensor", safetensors_file(header("F32", "[1]", "[4,8]"), eight)},
        {"bytes left over", safetensors_file(good, eight + "x")},
        {"data cut short", safetensors_file(good, "xxxxxxx")},
        {"tensors overlap", safetensors_file(std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)") +
                                                 R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                             eight)},
    };
    const TempFolder folder;
    const std::string path = folder.file("model.safetensors");
    for (const auto& [name, bytes] : cases) {
        SCOPED_TRACE(name);
        write_file(path, bytes);
        expect_error(ErrorCode::ModelInvalid, path, [&] { Safetensors{path}; });
    }
    write_file(path, safetensors_file(good, eight));
    EXPECT_NO_THROW(Safetensors{path}) << "the undamaged file must load, or the cases prove nothing";
}

TEST(Safetensors, RefusesAMissingFile) {
    expect_error(ErrorCode::ModelNotFound, "There is no file", [] { Safetensors("no/such/file"); });
}

}  // namespace
}  // namespace ovembed
