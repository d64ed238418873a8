#include "core/cpus.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace ovembed {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

int affinity_cpus() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return static_cast<int>(std::thread::hardware_concurrency());
}

#ifdef __linux__
// cpu.max holds "QUOTA PERIOD" or "max PERIOD" in microseconds.
double quota_v2(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0) return kNoLimit;
    return std::strtod(quota.c_str(), nullptr) / period;
}

double quota_v1(const std::string& folder) {
    double quota = 0;
    double period = 0;
    std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
    return quota > 0 && period > 0 ? quota / period : kNoLimit;
}

// The tightest limit on the way from our own group up to the root: every ancestor's quota binds.
template <typename Quota>
double tightest(const std::string& mount, std::string group, const Quota& quota) {
    double limit = quota(mount);
    while (!group.empty() && group != "/") {
        limit = std::min(limit, quota(mount + group));
        group.erase(group.rfind('/'));
    }
    return limit;
}

// Lines of /proc/self/cgroup: "0::/group" for v2, "N:cpu,cpuacct:/group" for v1.
double cgroup_quota() {
    double limit = kNoLimit;
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const std::string group = line.substr(second + 1);
        if (controllers == ",,") limit = std::min(limit, tightest("/sys/fs/cgroup", group, quota_v2));
        if (controllers.find(",cpu,") != std::string::npos) {
            limit = std::min(limit, tightest("/sys/fs/cgroup/cpu", group, quota_v1));
        }
    }
    return limit;
}
#else
double cgroup_quota() { return kNoLimit; }
#endif

}  // namespace

int available_cpus() {
    const double quota = std::max(1.0, std::floor(cgroup_quota()));
    return std::max(1, static_cast<int>(std::min<double>(affinity_cpus(), quota)));
}

}  // namespace ovembed
