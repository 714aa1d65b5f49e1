#include "harness/measure/nvml.h"

#include <dlfcn.h>

#include <array>
#include <utility>

#include "harness/base/error.h"
#include "harness/measure/nvml_api.h"

namespace moebench::measure {
namespace {

using Text = std::array<char, 128>;

void* open_library(const std::string& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) return handle;
  throw Error(
      "cannot load NVIDIA's management library: {}; install NVIDIA's driver, or, in a container, "
      "let it have the driver's utilities (NVIDIA_DRIVER_CAPABILITIES=compute,utility)",
      ::dlerror());
}

}  // namespace

// Its functions, and NVML initialised while it lives. The shared object stays loaded: the driver
// does not expect to go.
class NvmlDevice::Library {
 public:
  explicit Library(std::string path) : path_(std::move(path)), handle_(open_library(path_)) {
    find("nvmlInit_v2", init);
    find("nvmlShutdown", shutdown);
    find("nvmlErrorString", error_string);
    find("nvmlSystemGetDriverVersion", driver_version);
    find("nvmlDeviceGetHandleByPciBusId_v2", handle_by_pci_bus_id);
    find("nvmlDeviceGetName", name);
    find("nvmlDeviceGetUUID", uuid);
    find("nvmlDeviceGetClockInfo", clock_info);
    find("nvmlDeviceGetPowerUsage", power_usage);
    find("nvmlDeviceGetEnforcedPowerLimit", power_limit);
    find("nvmlDeviceGetTemperature", temperature);
    find("nvmlDeviceGetUtilizationRates", utilization_rates);
    find("nvmlDeviceGetMemoryInfo", memory_info);
    find("nvmlDeviceGetCurrentClocksEventReasons", clock_events);
    find("nvmlDeviceGetComputeRunningProcesses_v3", compute_processes);
    find("nvmlDeviceGetTotalEnergyConsumption", total_energy);
    find("nvmlDeviceGetCount_v2", device_count);
    find("nvmlDeviceGetHandleByIndex_v2", handle_by_index);
    find("nvmlDeviceGetPciInfo_v3", pci_info);
    const nvml::Return result = init();
    if (result != nvml::kSuccess) {
      throw Error("nvmlInit failed: {}; see whether nvidia-smi works: {}", error_string(result),
                  result == nvml::kVersionMismatch
                      ? "the driver was updated, restart the machine"
                      : "the driver must be loaded and /dev/nvidia* be accessible");
    }
  }
  ~Library() { shutdown(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  nvml::Return (*init)() = nullptr;
  nvml::Return (*shutdown)() = nullptr;
  const char* (*error_string)(nvml::Return) = nullptr;
  nvml::Return (*driver_version)(char*, unsigned int) = nullptr;
  nvml::Return (*handle_by_pci_bus_id)(const char*, nvml::Device*) = nullptr;
  nvml::Return (*name)(nvml::Device, char*, unsigned int) = nullptr;
  nvml::Return (*uuid)(nvml::Device, char*, unsigned int) = nullptr;
  nvml::Return (*clock_info)(nvml::Device, int, unsigned int*) = nullptr;
  nvml::Return (*power_usage)(nvml::Device, unsigned int*) = nullptr;
  nvml::Return (*power_limit)(nvml::Device, unsigned int*) = nullptr;
  nvml::Return (*temperature)(nvml::Device, int, unsigned int*) = nullptr;
  nvml::Return (*utilization_rates)(nvml::Device, nvml::Utilization*) = nullptr;
  nvml::Return (*memory_info)(nvml::Device, nvml::Memory*) = nullptr;
  nvml::Return (*clock_events)(nvml::Device, unsigned long long*) = nullptr;
  nvml::Return (*compute_processes)(nvml::Device, unsigned int*, nvml::Process*) = nullptr;
  nvml::Return (*total_energy)(nvml::Device, unsigned long long*) = nullptr;
  nvml::Return (*device_count)(unsigned int*) = nullptr;
  nvml::Return (*handle_by_index)(unsigned int, nvml::Device*) = nullptr;
  nvml::Return (*pci_info)(nvml::Device, nvml::PciInfo*) = nullptr;

  // False where this device does not tell; Error where it cannot any more.
  bool told(nvml::Return result, const char* what) const {
    if (result == nvml::kSuccess) return true;
    if (result == nvml::kNotSupported || result == nvml::kNoPermission) return false;
    throw Error(
        "NVML cannot read the GPU's {}: {}; look for Xid messages in the kernel's log, and "
        "see whether nvidia-smi still shows the device",
        what, error_string(result));
  }

 private:
  template <typename Function>
  void find(const char* symbol, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(handle_, symbol));
    if (function != nullptr) return;
    throw Error("{} has no {}; update NVIDIA's driver to release 580 or newer, which CUDA 13 needs",
                path_, symbol);
  }

  std::string path_;
  void* handle_;
};

std::vector<std::string> throttle_reasons(std::uint64_t clock_events) {
  constexpr std::array kReasons = {std::pair{nvml::kSwPowerCap, "sw_power_cap"},
                                   std::pair{nvml::kHwSlowdown, "hw_slowdown"},
                                   std::pair{nvml::kSwThermalSlowdown, "sw_thermal_slowdown"},
                                   std::pair{nvml::kHwThermalSlowdown, "hw_thermal_slowdown"},
                                   std::pair{nvml::kHwPowerBrake, "power_brake"}};
  std::vector<std::string> reasons;
  for (const auto& [bit, word] : kReasons) {
    if ((clock_events & bit) != 0) reasons.emplace_back(word);
  }
  return reasons;
}

NvmlDevice::NvmlDevice(const std::string& pci_bus_id, const std::string& library)
    : library_(std::make_unique<Library>(library)) {
  nvml::Device device = nullptr;
  const nvml::Return result = library_->handle_by_pci_bus_id(pci_bus_id.c_str(), &device);
  if (result != nvml::kSuccess) {
    throw Error(
        "NVML does not know a GPU at PCI bus id '{}': {}; nvidia-smi -L lists those that "
        "it knows",
        pci_bus_id, library_->error_string(result));
  }
  device_ = device;
  Text text{};
  if (library_->told(library_->name(device, text.data(), text.size()), "name")) {
    facts_.model = text.data();
  }
  if (library_->told(library_->uuid(device, text.data(), text.size()), "UUID")) {
    facts_.uuid = text.data();
  }
  if (library_->told(library_->driver_version(text.data(), text.size()), "driver version")) {
    facts_.driver = text.data();
  }
}

NvmlDevice::~NvmlDevice() = default;

std::vector<std::string> NvmlDevice::bus_ids(const std::string& library_path) {
  const Library library(library_path);
  unsigned int count = 0;
  if (!library.told(library.device_count(&count), "number")) return {};
  std::vector<std::string> ids;
  for (unsigned int i = 0; i < count; ++i) {
    nvml::Device device = nullptr;
    nvml::PciInfo info{};
    if (!library.told(library.handle_by_index(i, &device), "handle")) continue;
    if (library.told(library.pci_info(device, &info), "bus id")) ids.emplace_back(info.bus_id);
  }
  return ids;
}

GpuUse NvmlDevice::use() const {
  const auto device = static_cast<nvml::Device>(device_);
  GpuUse use{.power_w = power_w(), .processes = processes()};
  unsigned long long energy_mj = 0;
  if (library_->told(library_->total_energy(device, &energy_mj), "energy")) {
    use.energy_j = static_cast<double>(energy_mj) * 1e-3;
  }
  nvml::Memory memory{};
  if (library_->told(library_->memory_info(device, &memory), "memory")) {
    use.memory_used_bytes = static_cast<std::int64_t>(memory.used);
  }
  return use;
}

std::optional<double> NvmlDevice::power_w() const {
  unsigned int mw = 0;
  const auto device = static_cast<nvml::Device>(device_);
  if (!library_->told(library_->power_usage(device, &mw), "power")) return std::nullopt;
  return mw * 1e-3;
}

GpuReading NvmlDevice::read() const {
  const Library& library = *library_;
  const auto device = static_cast<nvml::Device>(device_);
  const auto scaled = [&](const char* what, double unit, auto&& query) -> std::optional<double> {
    unsigned int value = 0;
    if (!library.told(query(&value), what)) return std::nullopt;
    return value * unit;
  };
  GpuReading reading;
  reading.sm_clock_hz = scaled("SM clock", 1e6, [&](unsigned int* mhz) {
    return library.clock_info(device, nvml::kClockSm, mhz);
  });
  reading.memory_clock_hz = scaled("memory clock", 1e6, [&](unsigned int* mhz) {
    return library.clock_info(device, nvml::kClockMemory, mhz);
  });
  reading.power_w = power_w();
  reading.power_limit_w = scaled("power limit", 1e-3,
                                 [&](unsigned int* mw) { return library.power_limit(device, mw); });
  reading.temperature_c = scaled("temperature", 1, [&](unsigned int* celsius) {
    return library.temperature(device, nvml::kTemperatureGpu, celsius);
  });
  nvml::Utilization rates{};
  if (library.told(library.utilization_rates(device, &rates), "utilisation")) {
    reading.busy_share = rates.gpu / 100.0;
  }
  nvml::Memory memory{};
  if (library.told(library.memory_info(device, &memory), "memory")) {
    reading.memory_used_bytes = static_cast<std::int64_t>(memory.used);
    reading.memory_total_bytes = static_cast<std::int64_t>(memory.total);
  }
  unsigned long long events = 0;
  if (library.told(library.clock_events(device, &events), "clock events"))
    reading.clock_events = events;
  if (const auto running = processes()) {
    reading.processes.emplace();
    for (const GpuProcess& process : *running) reading.processes->push_back(process.pid);
  }
  return reading;
}

std::optional<std::vector<GpuProcess>> NvmlDevice::processes() const {
  std::vector<nvml::Process> infos;
  // More may start between the question and the answer, but not for ever.
  for (int attempt = 0; attempt < 4; ++attempt) {
    auto count = static_cast<unsigned int>(infos.size());
    const nvml::Return result =
        library_->compute_processes(static_cast<nvml::Device>(device_), &count, infos.data());
    if (result == nvml::kInsufficientSize) {
      infos.resize(count + 4);
      continue;
    }
    if (!library_->told(result, "processes")) return std::nullopt;
    std::vector<GpuProcess> running;
    for (unsigned int i = 0; i < count; ++i) {
      running.push_back({.pid = static_cast<pid_t>(infos[i].pid)});
      if (infos[i].used_gpu_memory == nvml::kNotAvailable) continue;
      running.back().memory_used_bytes = static_cast<std::int64_t>(infos[i].used_gpu_memory);
    }
    return running;
  }
  return std::nullopt;
}

}  // namespace moebench::measure
