#include "harness/device/cuda_library.h"

#include <ATen/Context.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "harness/base/error.h"
#include "kernels/gpu/cuda_error.h"

namespace moebench::device {
namespace {

using kernels::check_cuda;

// The library is not linked: it needs a gigabyte of libraries that only a machine with a GPU has a
// use for. It registers its operations with libtorch as it loads.
void load_libtorch_cuda() {
  if (::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr) return;
  throw Error(
      "device cuda: libtorch's CUDA library does not load: {}; `tools/setup --cuda` installs it "
      "and what it needs",
      ::dlerror());
}

c10::CachingDeviceAllocator::DeviceStats stats_of(const Place& place) {
  return c10::cuda::CUDACachingAllocator::getDeviceStats(place.device.index());
}

}  // namespace

namespace cuda {

int num_devices(std::string& why_none) {
  why_none = kernels::why_no_device();
  if (!why_none.empty()) return 0;
  int count = 0;
  check_cuda(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  return count;
}

void take(int index, Place& place) {
  load_libtorch_cuda();
  at::globalContext().lazyInitDevice(at::kCUDA);
  c10::cuda::set_device(static_cast<c10::DeviceIndex>(index));
  // The kernels' runtime is one of its own; it must take this device for its own as well.
  check_cuda(cudaSetDevice(index), "cudaSetDevice");
  place.device = c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  place.model = properties.name;
  char bus_id[32] = "";
  check_cuda(cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, index), "cudaDeviceGetPCIBusId");
  place.pci_bus_id = bus_id;
}

}  // namespace cuda

void synchronize(const Place& place) {
  if (place.is_cuda()) check_cuda(cudaDeviceSynchronize(), "the device's work");
}

kernels::CudaStream current_stream(c10::Device device) {
  return device.is_cuda() ? c10::cuda::getCurrentCUDAStream(device.index()).stream() : nullptr;
}

DeviceMemory device_memory(const Place& place) {
  if (!place.is_cuda()) return {};
  std::size_t free = 0, total = 0;
  check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return {static_cast<std::int64_t>(total - free), static_cast<std::int64_t>(total)};
}

AllocatorMemory allocator_memory(const Place& place) {
  if (!place.is_cuda()) return {};
  const auto stats = stats_of(place);
  const auto& reserved = stats.reserved_bytes[0];  // of all pools
  return {reserved.current, reserved.peak, stats.num_alloc_retries};
}

void reset_peak(const Place& place) {
  if (place.is_cuda()) c10::cuda::CUDACachingAllocator::resetPeakStats(place.device.index());
}

void release_cache(const Place& place) {
  if (place.is_cuda()) c10::cuda::CUDACachingAllocator::emptyCache();
}

}  // namespace moebench::device
