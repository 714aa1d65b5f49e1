#include "harness/profile/gpu/cupti_error.h"

#include "harness/base/error.h"

namespace moebench::profile_gpu {
namespace {

const char* remedy(CUptiResult result) {
  switch (result) {
    case CUPTI_ERROR_INSUFFICIENT_PRIVILEGES:
    case CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES:
      return "let the machine's administrator load the driver with the option "
             "NVreg_RestrictProfilingToAdminUsers=0 (a line 'options nvidia "
             "NVreg_RestrictProfilingToAdminUsers=0' in /etc/modprobe.d), or run as root";
    case CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED:
    case CUPTI_ERROR_NOT_COMPATIBLE:
    case CUPTI_ERROR_HARDWARE_BUSY:
    case CUPTI_ERROR_OLD_PROFILER_API_INITIALIZED:
      return "only one profiler can use a process: start it without Nsight, ncu or another "
             "profiler, "
             "or run the cell without the setting 'profile'";
    case CUPTI_ERROR_NOT_INITIALIZED:
    case CUPTI_ERROR_UNKNOWN:
      return "look with nvidia-smi whether the driver works and is one for CUDA 13 (580 or newer)";
    case CUPTI_ERROR_OUT_OF_MEMORY:
      return "free device memory, or use a smaller batch or model";
    default:
      return "run the cell without the setting 'profile'";
  }
}

}  // namespace

void check_cupti(CUptiResult result, const char* what) {
  if (result == CUPTI_SUCCESS) return;
  const char* name = nullptr;
  if (cuptiGetResultString(result, &name) != CUPTI_SUCCESS || name == nullptr) name = "unknown";
  throw Error("{}: CUPTI error {} ({}); {}", what, name, static_cast<int>(result), remedy(result));
}

}  // namespace moebench::profile_gpu
