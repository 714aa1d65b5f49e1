#pragma once

#include <cuda.h>

#include <string>

namespace moebench::profile_gpu {

// The few calls of the CUDA driver that a tracer needs. Loaded when first asked for, since a
// program that is linked to libcuda.so.1 starts on no machine without a driver; and not those of
// the CUDA runtime, of which a process may hold several copies.
class CudaDriver {
 public:
  static const CudaDriver& get();

  // Empty where there is a device, else why not.
  const std::string& why_no_device() const { return why_no_device_; }
  // Waits until all work of this thread's device is done; returns at once where it has used none.
  // Throws Error where the device failed.
  void synchronize() const;

 private:
  CudaDriver();
  std::string find_device();

  CUresult (*synchronize_)() = nullptr;
  CUresult (*name_of_error_)(CUresult, const char**) = nullptr;
  std::string why_no_device_;
};

}  // namespace moebench::profile_gpu
