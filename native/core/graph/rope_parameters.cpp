#include "core/graph/rope_parameters.h"

#include "core/error.h"
#include "core/graph/encoder.h"
#include "core/graph/rotary.h"

namespace ovembed::graph {
namespace {

constexpr size_t kLargestWidth = 65536;  // far beyond any head's

// The scaling under `path`, an object of config.json: what the frequencies are divided by.
double divisor(const Json& config, const std::string& path) {
    if (const double part = config.number(path + "/partial_rotary_factor", 1); part != 1) {
        refuse(config, path + "/partial_rotary_factor", "1 is");
    }
    const std::string type = config.text(path + "/rope_type", config.text(path + "/type", "default"));
    if (type == "default" || type == "dynamic") return 1;
    if (type != "linear") refuse(config, path + " '" + type + "'", "default, linear and dynamic are");
    const double factor = config.number(path + "/factor", 0);
    if (factor >= 1) return factor;
    throw Error(ErrorCode::ModelInvalid, config.name() + ": expected a factor of at least 1 in " + path + ".");
}

}  // namespace

std::vector<float> rope_frequencies(const Json& config, const RopeKeys& keys, size_t width) {
    const std::string path = "rope_parameters" + (keys.group.empty() ? "" : "/" + keys.group);
    const double outside = config.number(keys.theta, keys.default_theta);
    const bool scaled = keys.scaling && config.has("rope_scaling");
    const double base = config.number(path + "/rope_theta", config.number("rope_scaling/rope_theta", outside));
    check_rope(config, width, base);

    auto frequencies = rotary_frequencies(width, base);
    const auto factor = static_cast<float>(divisor(config, scaled ? "rope_scaling" : path));
    for (float& frequency : frequencies) frequency /= factor;
    return frequencies;
}

void check_rope(const Json& config, size_t width, double base) {
    if (width % 2 != 0 || width == 0 || width > kLargestWidth) {
        throw Error(ErrorCode::ModelInvalid, config.name() + ": rotary embeddings take an even width up to " +
                                                 std::to_string(kLargestWidth) + ", not " + std::to_string(width) +
                                                 ".");
    }
    if (!(base >= 1)) {
        throw Error(ErrorCode::ModelInvalid, config.name() + ": the base of rotary embeddings is below 1.");
    }
}

}  // namespace ovembed::graph
