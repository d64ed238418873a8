#include <gtest/gtest.h>

#include <limits>

#include "faults/schedule.h"
#include "tests/expect.h"

namespace ovembed::faults {
namespace {

using std::chrono::milliseconds;
using testing::expect_error;

void expect_rule(const Rule& rule, Stage stage, Kind kind, uint64_t first, uint64_t last) {
    EXPECT_EQ(rule.stage, stage);
    EXPECT_EQ(rule.kind, kind);
    EXPECT_EQ(rule.first, first);
    EXPECT_EQ(rule.last, last);
}

TEST(Faults, ReadsPassagesRangesAndTimes) {
    constexpr uint64_t kOn = std::numeric_limits<uint64_t>::max();
    const auto rules = parse("infer:throw@3,pool:nan@2-5,load:hang@1-,tokenize:delay@4=250,export:hang@7-9=10");
    ASSERT_EQ(rules.size(), 5U);
    expect_rule(rules[0], Stage::Infer, Kind::Throw, 3, 3);
    expect_rule(rules[1], Stage::Pool, Kind::NaN, 2, 5);
    expect_rule(rules[2], Stage::Load, Kind::Hang, 1, kOn);
    expect_rule(rules[3], Stage::Tokenize, Kind::Delay, 4, 4);
    expect_rule(rules[4], Stage::Export, Kind::Hang, 7, 9);
    EXPECT_EQ(rules[0].time, std::nullopt);
    EXPECT_EQ(rules[3].time, milliseconds(250));
    EXPECT_EQ(rules[4].time, milliseconds(10));
}

TEST(Faults, MayBeAimedAtADevice) {
    const auto rules = parse("infer.SIM_CPU:throw@3-,compile.GPU.1:hang@1,infer:nan@2");
    EXPECT_EQ(rules.at(0).device, "SIM_CPU");
    EXPECT_EQ(rules.at(0).first, 3U);
    EXPECT_EQ(rules.at(1).device, "GPU.1");
    EXPECT_EQ(rules.at(2).device, "");
    for (const char* bad : {"pool.CPU:throw@1", "infer.:throw@1", "infer.cpu:throw@1"}) {
        expect_error(ErrorCode::InvalidArgument, bad, [&] { parse(bad); });
    }
}

TEST(Faults, KnowsEveryStageAndKind) {
    const std::pair<const char*, Stage> stages[] = {
        {"load", Stage::Load}, {"compile", Stage::Compile}, {"tokenize", Stage::Tokenize}, {"infer", Stage::Infer},
        {"pool", Stage::Pool}, {"export", Stage::Export},   {"import", Stage::Import}};
    for (const auto& [name, stage] : stages) EXPECT_EQ(parse(std::string(name) + ":oom@1").at(0).stage, stage);
    const std::pair<const char*, Kind> kinds[] = {
        {"throw", Kind::Throw}, {"nan", Kind::NaN},     {"inf", Kind::Infinity},    {"hang", Kind::Hang},
        {"delay", Kind::Delay}, {"wrong", Kind::Wrong}, {"oom", Kind::OutOfMemory}, {"crash", Kind::Crash}};
    for (const auto& [name, kind] : kinds) EXPECT_EQ(parse("infer:" + std::string(name) + "@1").at(0).kind, kind);
    EXPECT_TRUE(parse("").empty());
}

TEST(Faults, RefusesWhatItDoesNotUnderstandAndNamesIt) {
    for (const std::string bad :
         {"infer", "infer:throw", "infer:throw@", "infer:throw@0", "infer:throw@3-2", "infer:throw@-1",
          "infer:throw@1=5", "infer:explode@1", "sleep:throw@1", "load:nan@1", "compile:wrong@1",
          "infer:delay@1=", "infer:delay@1=x", "infer:throw@1 ", "INFER:throw@1", "infer:throw@9999999999"}) {
        expect_error(ErrorCode::InvalidArgument, "'" + bad + "'", [&] { parse("pool:oom@1," + bad); });
        expect_error(ErrorCode::InvalidArgument, "stage:kind@n[-[m]][=ms]", [&] { parse(bad); });
    }
    for (const char* empty : {",", "infer:throw@1,", ",infer:throw@1"}) {
        expect_error(ErrorCode::InvalidArgument, "''", [&] { parse(empty); });
    }
}

}  // namespace
}  // namespace ovembed::faults
