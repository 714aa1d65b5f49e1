#include "kernels/gpu/cuda_error.h"

#include "harness/base/error.h"

namespace moebench::kernels {
namespace {

const char* remedy(cudaError_t result) {
  switch (result) {
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
      return "run on a machine with an NVIDIA GPU and a driver for CUDA 13 (580 or newer)";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
      return "configure with -DCMAKE_CUDA_ARCHITECTURES=<compute capability of this GPU>";
    case cudaErrorMemoryAllocation:
      return "free device memory, or use a smaller batch or model";
    default:
      return "find the kernel with compute-sanitizer, or with CUDA_LAUNCH_BLOCKING=1: an error may "
             "come from an earlier launch";
  }
}

}  // namespace

void check_cuda(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  if (result == cudaErrorMemoryAllocation) {
    throw OutOfMemory("{}: the device is out of memory; {}", what, remedy(result));
  }
  throw Error("{}: CUDA error {} ({}); {}", what, cudaGetErrorName(result),
              cudaGetErrorString(result), remedy(result));
}

std::string why_no_device() {
  int driver = 0, count = 0;
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0) {
    return "no CUDA device: no NVIDIA driver is installed here";
  }
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result != cudaSuccess) return std::string("no CUDA device: ") + cudaGetErrorString(result);
  return count == 0 ? "no CUDA device: the driver lists none" : "";
}

}  // namespace moebench::kernels
