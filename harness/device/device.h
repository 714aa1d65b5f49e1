#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "kernels/gpu/tile.h"

// The one place that knows CUDA's runtime and libtorch's CUDA library. In a build without CUDA
// everything but the CPU ends in Error.
namespace moebench::device {

// Says where a rank trains.
struct Place {
  c10::Device device = c10::kCPU;
  std::string model;       // "NVIDIA H200"; empty on a CPU
  std::string pci_bus_id;  // "0000:01:00.0"; empty on a CPU
  std::string reason;      // why `auto` chose this; empty where the cell said it

  bool is_cuda() const { return device.is_cuda(); }
};

// Chooses for this rank as the cell says, and for kCuda makes the GPU current and loads libtorch's
// CUDA library, which costs seconds. Each rank of a machine takes a GPU of its own, in the order of
// ranks; they may share one where the cell's collectives allow it. kAuto takes GPUs where
// there are enough of them on every machine, else the CPU, the same on all ranks. Collective over
// `world`, before anything else touches CUDA. Unsupported where kCuda cannot be had.
Place choose(const config::CellConfig& cell, comm::Communicator& world);

// Waits for all work that was given to the device; nothing on a CPU.
void synchronize(const Place& place);

// The stream that libtorch's operations on this thread and `device` go to; null on a CPU.
kernels::CudaStream current_stream(c10::Device device);

// The whole of a device's memory, as its driver counts it: every process and library included.
struct DeviceMemory {
  std::int64_t used = 0;
  std::int64_t total = 0;
};
DeviceMemory device_memory(const Place& place);

// Says what libtorch's caching allocator holds of a device. Bytes.
struct AllocatorMemory {
  std::int64_t reserved = 0;  // from the driver, in use or cached
  std::int64_t peak_reserved = 0;
  std::int64_t retries = 0;  // allocations that had to give cached memory back first
};
AllocatorMemory allocator_memory(const Place& place);
void reset_peak(const Place& place);
// Gives what is cached back to the driver.
void release_cache(const Place& place);

}  // namespace moebench::device
