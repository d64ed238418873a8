#pragma once

namespace ovembed {

// CPUs that this process may use: the affinity mask, cut by the cgroup CPU quota (v1 or v2), at least 1. OpenVINO
// looks at neither quota (openvino issue 37838), so a container would be oversubscribed without this.
int available_cpus();

}  // namespace ovembed
