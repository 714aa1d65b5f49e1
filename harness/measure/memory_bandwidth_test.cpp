#include "harness/measure/memory_bandwidth.h"

#include <gtest/gtest.h>

namespace moebench::measure {
namespace {

TEST(MemoryBandwidth, IsPositiveWithAnyNumberOfThreads) {
  for (const int threads : {1, 3}) {
    EXPECT_GT(copy_bytes_per_second(8 << 20, threads), 0) << threads;
  }
  EXPECT_GE(largest_cache_bytes(), 0);
}

}  // namespace
}  // namespace moebench::measure
