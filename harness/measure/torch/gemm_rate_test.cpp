#include "harness/measure/torch/gemm_rate.h"

#include <gtest/gtest.h>

namespace moebench::measure {
namespace {

TEST(GemmRate, IsPositive) { EXPECT_GT(gemm_flops_per_second(at::kFloat), 1e6); }

}  // namespace
}  // namespace moebench::measure
