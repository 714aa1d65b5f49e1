#pragma once

#include <string>

#include "harness/device/device.h"

// The parts that differ between builds: cuda_library.cpp, or no_cuda.cpp without CUDA.
namespace moebench::device::cuda {

// GPUs that this process sees; where there are none, `why_none` says why.
int num_devices(std::string& why_none);

// Makes the GPU this process's, loads libtorch's CUDA library and fills `place`.
void take(int index, Place& place);

}  // namespace moebench::device::cuda
