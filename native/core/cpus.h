#pragma once

#include <set>
#include <string>

namespace ovembed {

// CPUs that this process may use: the affinity mask, cut by the cgroup CPU quota (v1 or v2), at least 1. OpenVINO
// looks at neither quota (openvino issue 37838), so a container would be oversubscribed without this.
int available_cpus();

// Those of available_cpus() that are of the fastest kind, at least 1; all of them where CPUs are of one kind, or the
// system does not say (it is asked on Linux only). Not verified on a hybrid processor: there was none to try.
int performance_cpus();

// The pure part: CPUs of `allowed` that the file `fastest` lists ("0-7,12"; all of `allowed` if there is no such file,
// or if it holds none of them), cut by `quota`, at least 1.
int performance_cpus(const std::set<int>& allowed, double quota, const std::string& fastest);

}  // namespace ovembed
