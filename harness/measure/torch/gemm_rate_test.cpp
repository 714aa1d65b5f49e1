#include "harness/measure/torch/gemm_rate.h"

#include <gtest/gtest.h>

namespace moebench::measure {
namespace {

TEST(GemmRate, IsPositive) {
  EXPECT_GT(gemm_flops_per_second(at::kFloat, 64), 0);
  EXPECT_GT(gemm_flops_per_second(at::kBFloat16, 64), 0);
}

}  // namespace
}  // namespace moebench::measure
