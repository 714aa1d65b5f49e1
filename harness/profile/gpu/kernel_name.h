#pragma once

#include <string>

namespace moebench::profile_gpu {

// A kernel's name as a table shows it: demangled, without its result and its arguments. Of a long
// one, as templates make them, begin and end, with digits of its hash between them so that no two
// kernels become one.
std::string kernel_name(const char* symbol);

// "cudaLaunchKernel" of "cudaLaunchKernel_v7000": without the version of CUDA that brought it.
std::string call_name(std::string name);

}  // namespace moebench::profile_gpu
