#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/gpu/tile.h"

namespace moebench::device {

// Tells whether operations on this tensor, or on those of this device, take the kernels for GPUs.
bool takes_gpu_kernels(const at::Tensor& tensor);
bool takes_gpu_kernels(at::Device device);

// The stream for them; null for a tensor of the CPU.
kernels::CudaStream stream_of(const at::Tensor& tensor);

// While it lives, all tensors take the kernels for GPUs, which the host executor runs. It serves
// tests of builds without CUDA; only one may live at a time.
class HostExecutesGpuKernels {
 public:
  HostExecutesGpuKernels();
  ~HostExecutesGpuKernels();
  HostExecutesGpuKernels(const HostExecutesGpuKernels&) = delete;
  HostExecutesGpuKernels& operator=(const HostExecutesGpuKernels&) = delete;
};

}  // namespace moebench::device
