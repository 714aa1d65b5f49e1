#pragma once

#include "harness/base/check.h"
#include "kernels/gpu/tile.h"

namespace moebench::kernels {

// Ends the kernel with an error, on the host executor the process, unless `known`. It is for
// indices read from memory that would lead outside an array.
MOEBENCH_HD inline void require(bool known) {
#if defined(__CUDA_ARCH__)
  if (!known) __trap();
#else
  MOEBENCH_CHECK(known);
#endif
}

}  // namespace moebench::kernels
