#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <functional>

namespace moebench::measure {

// Large enough that a CPU core or two reach their rate.
inline constexpr std::int64_t kGemmSize = 2048;
inline constexpr std::int64_t kGpuGemmSize = 8192;

// FLOP/s that libtorch's matrix product reaches in this process with its current thread count:
// the median over at least half a second of products of n x n matrices of random values, 2 n^3 FLOP
// each. All ranks call it at the same time, so that they share the machine as they do in training.
double gemm_flops_per_second(c10::ScalarType dtype, std::int64_t n = kGemmSize);

// Measures the same on a GPU, whose work `synchronize` waits for, in rounds of ten products.
double gpu_gemm_flops_per_second(c10::ScalarType dtype, c10::Device device,
                                 const std::function<void()>& synchronize,
                                 std::int64_t n = kGpuGemmSize);

// Leaves a process that need not measure as a measurement would: the memory of the matrices was
// taken and freed, and libtorch has its threads and its library of products. Without it the load
// and the first step would take longer than after a measurement.
void prepare_gemm(const at::TensorOptions& options, std::int64_t n);

}  // namespace moebench::measure
