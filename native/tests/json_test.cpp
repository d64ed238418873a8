#include "core/json.h"

#include "tests/expect.h"
#include "tests/temp_folder.h"

namespace ovembed {
namespace {

using testing::expect_error;

const Json& document() {
    static const Json json = Json::parse(
        R"({"one": 1, "largest": 2147483647, "zero": 0, "negative": -1, "too_large": 2147483648,
            "fraction": 1.5, "float_one": 1.0, "text": "bert", "empty": "", "yes": true, "no": false, "nothing": null,
            "list": [1], "object": {}, "names": ["a", "b"], "nested": {"inner": {"deep": 3}, "name": "x"}, "enormous": 99999999999999999999})",
        "config.json");
    return json;
}

TEST(Json, GivesTheFallbackForMissingAndNull) {
    EXPECT_EQ(document().size("missing", 7), 7U);
    EXPECT_EQ(document().size("nothing", 7), 7U);
    EXPECT_EQ(document().number("nothing", 0.5), 0.5);
    EXPECT_EQ(document().text("nothing", "x"), "x");
    EXPECT_TRUE(document().boolean("nothing", true));
}

TEST(Json, ReadsEachType) {
    EXPECT_EQ(document().size("one", 7), 1U);
    EXPECT_EQ(document().size("largest", 7), 2147483647U);
    EXPECT_EQ(document().number("fraction", 0), 1.5);
    EXPECT_EQ(document().number("negative", 0), -1);
    EXPECT_EQ(document().text("text", "x"), "bert");
    EXPECT_EQ(document().text("empty", "x"), "");
    EXPECT_TRUE(document().boolean("yes", false));
    EXPECT_FALSE(document().boolean("no", true));
}

TEST(Json, CountsFromZero) {
    EXPECT_EQ(document().count("zero", 7), 0U);
    EXPECT_EQ(document().count("largest", 7), 2147483647U);
    EXPECT_EQ(document().count("missing", 7), 7U);
    for (const char* key : {"negative", "too_large", "fraction", "text"}) {
        expect_error(ErrorCode::ModelInvalid, std::string("an integer from 0 to 2147483647 for ") + key,
                     [&] { document().count(key, 7); });
    }
}

TEST(Json, ReadsListsOfTexts) {
    EXPECT_EQ(document().texts("names"), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(document().texts("missing").empty());
    for (const char* key : {"list", "text", "object"}) {
        expect_error(ErrorCode::ModelInvalid, std::string("a list of strings for ") + key,
                     [&] { document().texts(key); });
    }
}

TEST(Json, FollowsKeysIntoMembers) {
    EXPECT_EQ(document().size("nested/inner/deep", 7), 3U);
    EXPECT_EQ(document().size("nested/missing/deep", 7), 7U);
    EXPECT_EQ(document().size("text/deep", 7), 7U);
    EXPECT_TRUE(document().has("nested/name"));
    EXPECT_FALSE(document().has("nested/nothing"));
    expect_error(ErrorCode::ModelInvalid, "for nested/name in config.json", [] { document().size("nested/name", 7); });
}

TEST(Json, RefusesSizesThatAreNone) {
    for (const char* key :
         {"zero", "negative", "too_large", "fraction", "float_one", "text", "list", "object", "yes", "enormous"}) {
        SCOPED_TRACE(key);
        expect_error(ErrorCode::ModelInvalid, std::string("for ") + key + " in config.json",
                     [&] { document().size(key, 7); });
    }
}

TEST(Json, RefusesOtherTypes) {
    expect_error(ErrorCode::ModelInvalid, "Expected a number for text", [] { document().number("text", 0); });
    expect_error(ErrorCode::ModelInvalid, "found 'bert'", [] { document().boolean("text", false); });
    expect_error(ErrorCode::ModelInvalid, "found an array", [] { document().text("list", ""); });
    expect_error(ErrorCode::ModelInvalid, "found an object", [] { document().text("object", ""); });
    expect_error(ErrorCode::ModelInvalid, "found a boolean", [] { document().text("yes", ""); });
    expect_error(ErrorCode::ModelInvalid, "found 1", [] { document().boolean("one", false); });
}

TEST(Json, TellsTextsFromOtherValues) {
    const Json json = Json::parse(R"({"a": "x|y", "b": ["x"], "c": null})", "m");
    EXPECT_TRUE(json.is_text("a"));
    for (const char* key : {"b", "c", "missing"}) EXPECT_FALSE(json.is_text(key)) << key;
}

TEST(Json, RefusesWhatIsNoObject) {
    const std::string deep = std::string(100000, '[') + std::string(100000, ']');
    for (const std::string& text : {std::string("[]"), std::string("1"), std::string("null"), std::string(""),
                                    std::string("{"), std::string("{\"a\":}"), std::string("{\"a\":\"\xff\"}"),
                                    std::string("{} x"), std::string("{\"a\": 1e400}"), deep}) {
        SCOPED_TRACE(text.substr(0, 20));
        expect_error(ErrorCode::ModelInvalid, "config.json", [&] { Json::parse(text, "config.json"); });
    }
}

TEST(Json, NamesLineAndColumn) {
    expect_error(ErrorCode::ModelInvalid, "line 2", [] { Json::parse("{\n  \"a\" 1}", "config.json"); });
}

TEST(Json, ReadsAFile) {
    const testing::TempFolder folder;
    testing::write_file(folder.file("config.json"), R"({"hidden_size": 12})");
    EXPECT_EQ(Json::read(folder.file("config.json")).size("hidden_size", 1), 12U);
    expect_error(ErrorCode::ModelNotFound, "other.json", [&] { Json::read(folder.file("other.json")); });
}

}  // namespace
}  // namespace ovembed
