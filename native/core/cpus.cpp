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

std::set<int> affinity_cpus() {
    std::set<int> cpus;
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &set)) cpus.insert(cpu);
        }
        return cpus;
    }
#endif
    const auto count = static_cast<int>(std::thread::hardware_concurrency());
    for (int cpu = 0; cpu < count; ++cpu) cpus.insert(cpu);
    return cpus;
}

// The kernel's list format: "0-7,12", or an empty line. What cannot be read ends the list.
std::set<int> read_cpu_list(const std::string& path) {
    std::set<int> cpus;
    std::ifstream file(path);
    for (int first = 0; file >> first;) {
        int last = first;
        if (file.peek() == '-' && !(file.ignore() >> last)) break;
        for (int cpu = first; cpu <= last; ++cpu) cpus.insert(cpu);
        if (file.peek() != ',') break;
        file.ignore();
    }
    return cpus;
}

int cut(size_t cpus, double quota) {
    const double whole = std::max(1.0, std::floor(quota));
    return std::max(1, static_cast<int>(std::min(static_cast<double>(cpus), whole)));
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

int available_cpus() { return cut(affinity_cpus().size(), cgroup_quota()); }

// Linux makes this folder for the fast cores of a hybrid processor, and another (cpu_atom) for the others.
int performance_cpus() { return performance_cpus(affinity_cpus(), cgroup_quota(), "/sys/devices/cpu_core/cpus"); }

int performance_cpus(const std::set<int>& allowed, double quota, const std::string& fastest) {
    const std::set<int> fast = read_cpu_list(fastest);
    const auto both = std::count_if(allowed.begin(), allowed.end(), [&](int cpu) { return fast.count(cpu) != 0; });
    return cut(both == 0 ? allowed.size() : static_cast<size_t>(both), quota);
}

}  // namespace ovembed
