// A build without CUDA: there is no place but the CPU.
#include "harness/base/check.h"
#include "harness/device/cuda_library.h"

namespace moebench::device {

namespace cuda {

int num_devices(std::string& why_none) {
  why_none = "this moebench-rank was built without CUDA (tools/build cuda builds one with it)";
  return 0;
}

void take(int, Place&) { MOEBENCH_CHECK(!"a GPU without CUDA"); }

}  // namespace cuda

void synchronize(const Place&) {}
kernels::CudaStream current_stream(c10::Device) { return nullptr; }
DeviceMemory device_memory(const Place&) { return {}; }
AllocatorMemory allocator_memory(const Place&) { return {}; }
void reset_peak(const Place&) {}
void release_cache(const Place&) {}

}  // namespace moebench::device
