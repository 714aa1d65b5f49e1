#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moebench::measure {

inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";  // the driver's

struct GpuFacts {
  std::string model;
  std::string driver;  // version
  std::string uuid;
};

// Holds one look at a GPU. What the device keeps to itself (virtual ones do) is nullopt.
struct GpuReading {
  std::optional<double> sm_clock_hz{};
  std::optional<double> memory_clock_hz{};
  std::optional<double> power_w{};
  std::optional<double> power_limit_w{};  // the one that is enforced
  std::optional<double> temperature_c{};
  std::optional<double> busy_share{};               // of the driver's last interval, 0 to 1
  std::optional<std::int64_t> memory_used_bytes{};  // of all processes, with the driver's own
  std::optional<std::int64_t> memory_total_bytes{};
  std::optional<std::uint64_t> clock_events{};    // bits, see throttle_reasons()
  std::optional<std::vector<pid_t>> processes{};  // that compute on it
};

struct GpuProcess {
  pid_t pid = 0;  // in a container perhaps one from outside it
  std::optional<std::int64_t> memory_used_bytes{};

  bool operator==(const GpuProcess&) const = default;
};

// What a GPU and its processes take, as much as is needed to follow it cheaply; as of GpuReading.
struct GpuUse {
  std::optional<double> power_w{};
  std::optional<double> energy_j{};  // since the driver was loaded
  std::optional<std::int64_t> memory_used_bytes{};
  std::optional<std::vector<GpuProcess>> processes{};
};

// Says in words which of these bits slow a device down: "sw_power_cap", "hw_slowdown",
// "sw_thermal_slowdown", "hw_thermal_slowdown", "power_brake". To be idle or set to a clock is
// none.
std::vector<std::string> throttle_reasons(std::uint64_t clock_events);

// A GPU as the driver's management library (NVML) shows it. The library is loaded on construction,
// so that programs start where there is no driver.
class NvmlDevice {
 public:
  // Opens a GPU by its PCI bus id ("0000:01:00.0"). Throws Error where the library, or the device
  // in it, is not there.
  explicit NvmlDevice(const std::string& pci_bus_id, const std::string& library = kNvmlLibrary);
  // PCI bus ids of all that this process may see. Error where the library is not there.
  static std::vector<std::string> bus_ids(const std::string& library = kNvmlLibrary);
  ~NvmlDevice();
  NvmlDevice(const NvmlDevice&) = delete;
  NvmlDevice& operator=(const NvmlDevice&) = delete;

  const GpuFacts& facts() const { return facts_; }
  // Takes some milliseconds at most. Throws Error where the device is lost.
  GpuReading read() const;
  GpuUse use() const;

 private:
  std::optional<double> power_w() const;
  std::optional<std::vector<GpuProcess>> processes() const;

  class Library;
  std::unique_ptr<Library> library_;
  void* device_ = nullptr;
  GpuFacts facts_;
};

}  // namespace moebench::measure
