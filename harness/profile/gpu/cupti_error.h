#pragma once

#include <cupti.h>

namespace moebench::profile_gpu {

// Throws Error that names `what`, CUPTI's reason and a remedy, unless `result` is a success.
void check_cupti(CUptiResult result, const char* what);

}  // namespace moebench::profile_gpu
