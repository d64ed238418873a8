#include "core/runtime.h"

#include <mutex>
#include <openvino/openvino.hpp>

#include "core/error.h"
#include "core/faults.h"

namespace ovembed {
namespace {

// Virtual devices (AUTO:GPU,CPU, BATCH:CPU(4)) have no name or capabilities of their own: those of their first member.
std::string physical(const std::string& name) {
    const size_t colon = name.find(':');
    if (colon == std::string::npos) return name;
    const size_t first = colon + 1;
    return name.substr(first, name.find_first_of(",(", first) - first);
}

// Each plugin has a name of its own for it (NPU_DRIVER_VERSION), the CPU's none.
std::string driver_version(const std::string& device) {
    for (const auto& property : runtime().get_property(device, ov::supported_properties)) {
        if (property.find("DRIVER_VERSION") == std::string::npos) continue;
        try {
            return runtime().get_property(device, property).as<std::string>();
        } catch (const std::exception&) {
            return {};  // listed, but not there to be read
        }
    }
    return {};
}

Device describe(const std::string& name) {
    const std::string device = physical(name);
    return {name, runtime().get_property(device, ov::device::full_name), driver_version(device),
            runtime().get_property(device, ov::device::capabilities)};
}

}  // namespace

ov::Core& runtime() {
    static ov::Core* core = [] {
        auto* made = new ov::Core();
        faults::add_devices(*made);
        return made;
    }();
    return *core;
}

void register_plugin(const std::string& device, const std::string& library) {
    static std::mutex mutex;
    static std::map<std::string, std::string> registered;
    const std::lock_guard<std::mutex> lock(mutex);
    const auto [entry, first] = registered.emplace(device, library);
    if (!first && entry->second == library) return;
    runtime().register_plugin(library, device);
}

std::string runtime_version() { return ov::get_openvino_version().buildNumber; }

std::vector<Device> available_devices() {
    std::vector<Device> devices;
    for (const auto& name : runtime().get_available_devices()) {
        try {
            devices.push_back(describe(name));
        } catch (const std::exception&) {
            // A plugin that lists a device and then cannot describe it (a driver being replaced) is as good as absent.
            continue;
        }
    }
    return devices;
}

Device find_device(const std::string& device) {
    try {
        return describe(device);
    } catch (const std::exception& problem) {
        std::string names;
        for (const auto& other : available_devices()) names += (names.empty() ? "" : ", ") + other.name;
        throw Error(
            ErrorCode::DeviceUnavailable,
            "Device '" + device + "' is not available here; OpenVINO finds " + (names.empty() ? "none" : names) + ".",
            problem.what());
    }
}

std::map<std::string, std::optional<std::string>> device_properties(const std::string& device) {
    try {
        const std::string name = physical(device);
        std::map<std::string, std::optional<std::string>> values;
        for (const auto& property : runtime().get_property(name, ov::supported_properties)) {
            auto& value = values[property];
            try {
                value = runtime().get_property(name, property).as<std::string>();
            } catch (const std::exception&) {
                continue;
            }
        }
        return values;
    } catch (...) {
        throw current_error(ErrorCode::DeviceUnavailable, "OpenVINO has no plugin for '" + device + "' here.");
    }
}

}  // namespace ovembed
