#pragma once

#include <cuda_runtime_api.h>

#include <string>

namespace moebench::kernels {

// Throws Error that names `what`, CUDA's reason and a remedy, unless `result` is a success.
void check_cuda(cudaError_t result, const char* what);

// Empty where a CUDA device can be used, else why not.
std::string why_no_device();

}  // namespace moebench::kernels
