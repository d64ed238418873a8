// The OpenVINO runtime of this process.
#pragma once

#include <map>
#include <openvino/runtime/core.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ovembed {

struct Device {
    std::string name;       // OpenVINO's: CPU, GPU.0, NPU
    std::string full_name;  // as the driver reports it
    std::string driver;     // its version; empty: not told
    std::vector<std::string> capabilities;
};

// One for the process and never destroyed: OpenVINO's threads and static objects must not die under it at exit.
ov::Core& runtime();

// Makes a device's plugin known that is not beside the runtime; that it can be loaded shows when the device is asked
// for. Told again: nothing changes. Throws std::exception where another plugin has the device.
void register_plugin(const std::string& device, const std::string& library);

std::string runtime_version();

// The devices whose plugin loads and finds hardware. One that fails while being asked is left out.
std::vector<Device> available_devices();

// Throws DeviceUnavailable, naming the devices there are, when OpenVINO does not find `device`.
Device find_device(const std::string& device);

// All that the plugin of a device supports, in words: empty where it cannot be read, or not without the device.
// Throws DeviceUnavailable when there is no such plugin.
std::map<std::string, std::optional<std::string>> device_properties(const std::string& device);

}  // namespace ovembed
