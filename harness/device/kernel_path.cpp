#include "harness/device/kernel_path.h"

#include "harness/base/check.h"
#include "harness/device/device.h"

namespace moebench::device {
namespace {

// It holds for all threads: libtorch runs the backward pass of a GPU's tensors on one of its own.
bool host_executes = false;

}  // namespace

bool takes_gpu_kernels(const at::Tensor& tensor) { return tensor.is_cuda() || host_executes; }
bool takes_gpu_kernels(at::Device device) { return device.is_cuda() || host_executes; }

kernels::CudaStream stream_of(const at::Tensor& tensor) { return current_stream(tensor.device()); }

HostExecutesGpuKernels::HostExecutesGpuKernels() {
  MOEBENCH_CHECK(!host_executes);
  host_executes = true;
}

HostExecutesGpuKernels::~HostExecutesGpuKernels() { host_executes = false; }

}  // namespace moebench::device
