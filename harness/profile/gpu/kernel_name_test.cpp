#include "harness/profile/gpu/kernel_name.h"

#include <gtest/gtest.h>

namespace moebench::profile_gpu {
namespace {

TEST(KernelName, IsDemangledWithoutResultAndArguments) {
  // void kernels::scale<float>(float*, int)
  EXPECT_EQ(kernel_name("_ZN7kernels5scaleIfEEvPT_i"), "kernels::scale<float>");
  // at::(anonymous namespace)::fill(int*)
  EXPECT_EQ(kernel_name("_ZN2at12_GLOBAL__N_14fillEPi"), "at::(anonymous namespace)::fill");
  // Functor::operator()(int)
  EXPECT_EQ(kernel_name("_ZN7FunctorclEi"), "Functor::operator()");
  EXPECT_EQ(kernel_name("_Z31ncclDevKernel_AllGather_RING_LLi"), "ncclDevKernel_AllGather_RING_LL");
}

TEST(KernelName, OfCStaysAsItIs) {
  EXPECT_EQ(kernel_name("nvjet_tst_128x64_64x6_2x1_v_bz_TNT"),
            "nvjet_tst_128x64_64x6_2x1_v_bz_TNT");
  EXPECT_EQ(kernel_name("_Zinvalid"), "_Zinvalid");
  EXPECT_EQ(kernel_name("two\tlines\n"), "two lines ");
}

TEST(KernelName, OfNothingSaysSo) {
  EXPECT_EQ(kernel_name(nullptr), "(no name)");
  EXPECT_EQ(kernel_name(""), "(no name)");
}

TEST(KernelName, KeepsBothEndsOfALongOne) {
  const std::string symbol = "begin_" + std::string(500, 'x') + "_end";
  const std::string name = kernel_name(symbol.c_str());
  EXPECT_EQ(name.size(), 120u);
  EXPECT_TRUE(name.starts_with("begin_xxx"));
  EXPECT_TRUE(name.ends_with("xxx_end"));
  const std::string other = "begin_" + std::string(501, 'x') + "_end";
  EXPECT_NE(name, kernel_name(other.c_str()));
}

TEST(CallName, LosesItsVersion) {
  EXPECT_EQ(call_name("cudaLaunchKernel_v7000"), "cudaLaunchKernel");
  EXPECT_EQ(call_name("cuLaunchKernel"), "cuLaunchKernel");
  EXPECT_EQ(call_name("cuMemcpyHtoDAsync_v2"), "cuMemcpyHtoDAsync");
  EXPECT_EQ(call_name("cu_vx1"), "cu_vx1");
  EXPECT_EQ(call_name("odd_v"), "odd_v");
}

}  // namespace
}  // namespace moebench::profile_gpu
