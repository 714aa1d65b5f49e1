#include "harness/measure/torch/gemm_rate.h"

#include <gtest/gtest.h>

namespace moebench::measure {
namespace {

TEST(GemmRate, IsPositive) {
  EXPECT_GT(gemm_flops_per_second(at::kFloat, 64), 0);
  EXPECT_GT(gemm_flops_per_second(at::kBFloat16, 64), 0);
}

// Smaller than what it multiplies on a CPU, and larger.
TEST(GemmRate, IsPreparedInAnySize) {
  prepare_gemm(at::TensorOptions().dtype(at::kFloat), 16);
  prepare_gemm(at::TensorOptions().dtype(at::kBFloat16), 128);
}

}  // namespace
}  // namespace moebench::measure
