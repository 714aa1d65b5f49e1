#include "harness/profile/gpu/cupti_tracer.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace moebench::profile_gpu {
namespace {

TEST(CuptiTracer, SaysWhyItIsNotAvailable) {
  const std::string reason = CuptiTracer::why_unavailable();
  if (reason.empty()) GTEST_SKIP() << "this machine has a CUDA device";
  EXPECT_FALSE(CuptiTracer::available());
  try {
    const CuptiTracer tracer;
    FAIL() << "traces without a device";
  } catch (const Unsupported& error) {
    EXPECT_EQ(error.what(), reason);
  }
}

}  // namespace
}  // namespace moebench::profile_gpu
