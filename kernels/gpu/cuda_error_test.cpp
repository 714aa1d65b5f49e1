#include "kernels/gpu/cuda_error.h"

#include <gmock/gmock.h>

#include "harness/base/error.h"
#include "harness/testing/error_of.h"

namespace moebench::kernels {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string message(cudaError_t result) {
  return moebench::error_of([&] { check_cuda(result, "swiglu_forward"); });
}

// These need no device.
TEST(CudaError, ASuccessThrowsNothing) { EXPECT_EQ(message(cudaSuccess), "no error"); }

TEST(CudaError, NamesTheOperationTheReasonAndTheRemedy) {
  EXPECT_THAT(message(cudaErrorNoDevice),
              AllOf(HasSubstr("swiglu_forward: CUDA error cudaErrorNoDevice"),
                    HasSubstr("run on a machine with an NVIDIA GPU")));
  EXPECT_THAT(message(cudaErrorNoKernelImageForDevice), HasSubstr("CMAKE_CUDA_ARCHITECTURES"));
  EXPECT_THAT(message(cudaErrorMemoryAllocation), HasSubstr("free device memory"));
  EXPECT_THAT(message(cudaErrorIllegalAddress), HasSubstr("compute-sanitizer"));
}

}  // namespace
}  // namespace moebench::kernels
