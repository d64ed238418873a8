#include "faults/schedule.h"

#include <limits>
#include <map>
#include <regex>
#include <sstream>

#include "core/error.h"

namespace ovembed::faults {
namespace {

const std::map<std::string, Stage> kStages{
    {"load", Stage::Load}, {"compile", Stage::Compile}, {"tokenize", Stage::Tokenize}, {"infer", Stage::Infer},
    {"pool", Stage::Pool}, {"export", Stage::Export},   {"import", Stage::Import}};

const std::map<std::string, Kind> kKinds{{"throw", Kind::Throw},     {"nan", Kind::NaN},     {"inf", Kind::Infinity},
                                         {"hang", Kind::Hang},       {"delay", Kind::Delay}, {"wrong", Kind::Wrong},
                                         {"oom", Kind::OutOfMemory}, {"crash", Kind::Crash}};

[[noreturn]] void refuse(const std::string& part, const std::string& why) {
    throw Error(ErrorCode::InvalidArgument,
                "OVEMBED_FAULTS: '" + part + "' " + why +
                    ". Expected stage:kind@n[-[m]][=ms], several separated by commas; stages: load compile tokenize "
                    "infer pool export import, those of a device also as stage.DEVICE; kinds: throw nan inf hang delay "
                    "wrong oom crash (nan, inf and wrong for infer "
                    "and pool only); n and m count passages from 1; a time for hang and delay only.");
}

template <typename Value>
Value look_up(const std::map<std::string, Value>& table, const std::string& name, const std::string& part,
              const std::string& what) {
    const auto found = table.find(name);
    if (found == table.end()) refuse(part, "has no known " + what);
    return found->second;
}

bool spoils(Kind kind) { return kind == Kind::NaN || kind == Kind::Infinity || kind == Kind::Wrong; }
bool waits(Kind kind) { return kind == Kind::Hang || kind == Kind::Delay; }
bool has_values(Stage stage) { return stage == Stage::Infer || stage == Stage::Pool; }
bool has_device(Stage stage) { return stage == Stage::Compile || stage == Stage::Infer || stage == Stage::Import; }

Rule parse_rule(const std::string& part) {
    // Nine digits fit into every integer used here.
    static const std::regex grammar(
        "([a-z]+)(\\.([A-Z0-9_.]+))?:([a-z]+)@([0-9]{1,9})(-([0-9]{1,9})?)?(=([0-9]{1,9}))?");
    std::smatch match;
    if (!std::regex_match(part, match, grammar)) refuse(part, "is not of the grammar");
    Rule rule{look_up(kStages, match[1], part, "stage"),
              match[3],
              look_up(kKinds, match[4], part, "kind"),
              std::stoull(match[5]),
              0,
              std::nullopt};
    rule.last = rule.first;
    if (match[6].matched) rule.last = std::numeric_limits<uint64_t>::max();
    if (match[7].matched) rule.last = std::stoull(match[7]);
    if (match[9].matched) rule.time = std::chrono::milliseconds(std::stoll(match[9]));
    if (rule.first == 0) refuse(part, "counts from 0");
    if (rule.last < rule.first) refuse(part, "ends before it begins");
    if (!rule.device.empty() && !has_device(rule.stage)) refuse(part, "names a device where none works");
    if (spoils(rule.kind) && !has_values(rule.stage)) refuse(part, "spoils values where there are none");
    if (rule.time && !waits(rule.kind)) refuse(part, "has a time, but does not wait");
    return rule;
}

}  // namespace

std::vector<Rule> parse(const std::string& text) {
    std::vector<Rule> rules;
    if (text.empty()) return rules;
    std::istringstream parts(text + ',');  // so that an empty last part is seen
    for (std::string part; std::getline(parts, part, ',');) rules.push_back(parse_rule(part));
    return rules;
}

}  // namespace ovembed::faults
