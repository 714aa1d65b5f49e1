#pragma once

#include <c10/core/ScalarType.h>

namespace moebench::measure {

// FLOP/s that libtorch's matrix product reaches in this process with its current thread count:
// the best of a few products of 2048 x 2048 matrices of random values, 2 n^3 FLOP each. All ranks
// call it at the same time, so that they share the machine as they do in training.
double gemm_flops_per_second(c10::ScalarType dtype);

}  // namespace moebench::measure
