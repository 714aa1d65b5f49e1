#pragma once

// The part of NVIDIA's management library (NVML) that moebench calls: layouts and values as its API
// reference gives them. Written out, so that building needs no header of it; the library itself
// belongs to the driver, and only a machine with a GPU has one.
namespace moebench::measure::nvml {

using Device = struct OpaqueDevice*;
using Return = int;

struct Memory {  // bytes
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

struct Utilization {  // percent
  unsigned int gpu;
  unsigned int memory;
};

struct Process {  // of nvmlDeviceGetComputeRunningProcesses_v3
  unsigned int pid;
  unsigned long long used_gpu_memory;
  unsigned int gpu_instance_id;
  unsigned int compute_instance_id;
};

struct PciInfo {  // of nvmlDeviceGetPciInfo_v3
  char bus_id_legacy[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pci_device_id;
  unsigned int pci_subsystem_id;
  char bus_id[32];
};

inline constexpr unsigned long long kNotAvailable = ~0ULL;  // of used_gpu_memory

inline constexpr Return kSuccess = 0;
inline constexpr Return kNotSupported = 3;
inline constexpr Return kNoPermission = 4;
inline constexpr Return kNotFound = 6;
inline constexpr Return kInsufficientSize = 7;
inline constexpr Return kDriverNotLoaded = 9;
inline constexpr Return kGpuIsLost = 15;
inline constexpr Return kVersionMismatch = 18;  // of library and kernel module

inline constexpr int kClockSm = 1;
inline constexpr int kClockMemory = 2;
inline constexpr int kTemperatureGpu = 0;

// Bits of nvmlDeviceGetCurrentClocksEventReasons.
inline constexpr unsigned long long kGpuIdle = 0x1;
inline constexpr unsigned long long kApplicationClocks = 0x2;
inline constexpr unsigned long long kSwPowerCap = 0x4;
inline constexpr unsigned long long kHwSlowdown = 0x8;
inline constexpr unsigned long long kSwThermalSlowdown = 0x20;
inline constexpr unsigned long long kHwThermalSlowdown = 0x40;
inline constexpr unsigned long long kHwPowerBrake = 0x80;

}  // namespace moebench::measure::nvml
