#include "harness/profile/gpu/cuda_driver.h"

#include <dlfcn.h>

#include "harness/base/error.h"

namespace moebench::profile_gpu {
namespace {

template <typename Function>
Function* find(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

}  // namespace

const CudaDriver& CudaDriver::get() {
  static const CudaDriver driver;
  return driver;
}

CudaDriver::CudaDriver() : why_no_device_(find_device()) {}

std::string CudaDriver::find_device() {
  void* library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);  // for the process's life
  if (library == nullptr) return "no CUDA device: no NVIDIA driver is installed here";
  const auto init = find<CUresult(unsigned)>(library, "cuInit");
  const auto count_devices = find<CUresult(int*)>(library, "cuDeviceGetCount");
  synchronize_ = find<CUresult()>(library, "cuCtxSynchronize");
  name_of_error_ = find<CUresult(CUresult, const char**)>(library, "cuGetErrorName");
  if (!init || !count_devices || !synchronize_ || !name_of_error_) {
    return "no CUDA device: libcuda.so.1 is no driver library";
  }
  int count = 0;
  CUresult result = init(0);
  if (result == CUDA_SUCCESS) result = count_devices(&count);
  if (result != CUDA_SUCCESS) {
    const char* name = nullptr;
    name_of_error_(result, &name);
    return std::string("no CUDA device: ") + (name != nullptr ? name : "unknown error");
  }
  return count == 0 ? "no CUDA device: the driver lists none" : "";
}

void CudaDriver::synchronize() const {
  const CUresult result = synchronize_();
  if (result == CUDA_SUCCESS || result == CUDA_ERROR_INVALID_CONTEXT) return;
  const char* name = nullptr;
  name_of_error_(result, &name);
  throw Error(
      "waiting for the GPU: {} ({}); find the kernel with compute-sanitizer, or with "
      "CUDA_LAUNCH_BLOCKING=1: an error may come from an earlier launch",
      name != nullptr ? name : "unknown error", static_cast<int>(result));
}

}  // namespace moebench::profile_gpu
