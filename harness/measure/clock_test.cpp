#include "harness/measure/clock.h"

#include <gtest/gtest.h>

namespace moebench::measure {
namespace {

TEST(Clock, MovesForward) {
  const Stopwatch watch;
  EXPECT_GE(watch.elapsed_ns(), 0);
}

}  // namespace
}  // namespace moebench::measure
