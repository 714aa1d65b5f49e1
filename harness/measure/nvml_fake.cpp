// Stands in for libnvidia-ml.so.1; see nvml_fake.h.
#include "harness/measure/nvml_fake.h"

#include <atomic>
#include <cstring>
#include <mutex>

#include "harness/measure/nvml_api.h"

#define MOEBENCH_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using moebench::measure::FakeGpu;
namespace nvml = moebench::measure::nvml;

constexpr const char* kBusId = "00000000:01:00.0";

std::mutex mutex;
FakeGpu current;
std::atomic<int> users = 0;
std::atomic<int> readings = 0;

FakeGpu gpu() {
  const std::lock_guard lock(mutex);
  return current;
}

nvml::Return write_text(const char* text, char* to, unsigned int size) {
  if (std::strlen(text) >= size) return nvml::kInsufficientSize;
  std::strcpy(to, text);
  return nvml::kSuccess;
}

nvml::Return write_number(unsigned int number, unsigned int* to) {
  if (gpu().fault == FakeGpu::Fault::kSilent) return nvml::kNotSupported;
  *to = number;
  return nvml::kSuccess;
}

}  // namespace

MOEBENCH_EXPORT void moebench_nvml_fake(const FakeGpu& wanted) {
  const std::lock_guard lock(mutex);
  current = wanted;
}

MOEBENCH_EXPORT int moebench_nvml_fake_users() { return users; }

MOEBENCH_EXPORT int moebench_nvml_fake_readings() { return readings; }

MOEBENCH_EXPORT nvml::Return nvmlInit_v2() {
  if (gpu().fault == FakeGpu::Fault::kInit) return nvml::kDriverNotLoaded;
  ++users;
  return nvml::kSuccess;
}

MOEBENCH_EXPORT nvml::Return nvmlShutdown() {
  --users;
  return nvml::kSuccess;
}

MOEBENCH_EXPORT const char* nvmlErrorString(nvml::Return result) {
  switch (result) {
    case nvml::kDriverNotLoaded:
      return "Driver Not Loaded";
    case nvml::kNotFound:
      return "Not Found";
    case nvml::kGpuIsLost:
      return "GPU is lost";
    default:
      return "Unknown Error";
  }
}

MOEBENCH_EXPORT nvml::Return nvmlSystemGetDriverVersion(char* text, unsigned int size) {
  return write_text("580.65.06", text, size);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetHandleByPciBusId_v2(const char* id,
                                                              nvml::Device* device) {
  // As the library does, by a domain of four digits or of eight.
  if (std::strcmp(id, "0000:01:00.0") != 0 && std::strcmp(id, kBusId) != 0) return nvml::kNotFound;
  *device = reinterpret_cast<nvml::Device>(&users);
  return nvml::kSuccess;
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = 2;
  return nvml::kSuccess;
}

// The second is another user's.
MOEBENCH_EXPORT nvml::Return nvmlDeviceGetHandleByIndex_v2(unsigned int index,
                                                           nvml::Device* device) {
  return index == 0 ? nvmlDeviceGetHandleByPciBusId_v2(kBusId, device) : nvml::kNoPermission;
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetPciInfo_v3(nvml::Device, nvml::PciInfo* info) {
  return write_text(kBusId, info->bus_id, sizeof info->bus_id);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetTotalEnergyConsumption(nvml::Device,
                                                                 unsigned long long* mj) {
  if (gpu().fault == FakeGpu::Fault::kSilent || gpu().energy_mj == ~0ULL) {
    return nvml::kNotSupported;
  }
  *mj = gpu().energy_mj;
  return nvml::kSuccess;
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetName(nvml::Device, char* text, unsigned int size) {
  return write_text("NVIDIA Fake 80GB", text, size);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetUUID(nvml::Device, char* text, unsigned int size) {
  return write_text("GPU-0123", text, size);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetClockInfo(nvml::Device, int type, unsigned int* mhz) {
  if (gpu().fault == FakeGpu::Fault::kLost) return nvml::kGpuIsLost;
  return write_number(type == nvml::kClockSm ? gpu().sm_mhz : 2619, mhz);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetPowerUsage(nvml::Device, unsigned int* mw) {
  if (gpu().fault == FakeGpu::Fault::kLost) return nvml::kGpuIsLost;
  return write_number(gpu().power_mw, mw);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetEnforcedPowerLimit(nvml::Device, unsigned int* mw) {
  return write_number(700000, mw);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetTemperature(nvml::Device, int, unsigned int* celsius) {
  return write_number(61, celsius);
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetUtilizationRates(nvml::Device, nvml::Utilization* rates) {
  if (gpu().fault == FakeGpu::Fault::kSilent) return nvml::kNotSupported;
  *rates = {.gpu = 75, .memory = 30};
  return nvml::kSuccess;
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetMemoryInfo(nvml::Device, nvml::Memory* memory) {
  if (gpu().fault == FakeGpu::Fault::kSilent) return nvml::kNoPermission;
  const unsigned long long total = 80ULL << 30;
  *memory = {.total = total, .free = total - gpu().memory_used, .used = gpu().memory_used};
  return nvml::kSuccess;
}

MOEBENCH_EXPORT nvml::Return nvmlDeviceGetCurrentClocksEventReasons(nvml::Device,
                                                                    unsigned long long* bits) {
  ++readings;
  if (gpu().fault == FakeGpu::Fault::kSilent) return nvml::kNotSupported;
  *bits = gpu().clock_events;
  return nvml::kSuccess;
}

#ifndef MOEBENCH_NVML_FAKE_OLD
MOEBENCH_EXPORT nvml::Return nvmlDeviceGetComputeRunningProcesses_v3(nvml::Device,
                                                                     unsigned int* count,
                                                                     nvml::Process* infos) {
  const FakeGpu now = gpu();
  if (now.fault == FakeGpu::Fault::kSilent) return nvml::kNoPermission;
  const bool has_room = *count >= now.num_processes;
  *count = now.num_processes;
  if (!has_room) return nvml::kInsufficientSize;
  for (unsigned int i = 0; i < now.num_processes; ++i) {
    infos[i] = {.pid = now.processes[i],
                .used_gpu_memory = now.process_memory,
                .gpu_instance_id = ~0U,
                .compute_instance_id = ~0U};
  }
  return nvml::kSuccess;
}
#endif
