#include "harness/measure/timer.h"

#include <gtest/gtest.h>

namespace moebench::measure {
namespace {

TEST(Timer, TellsStepsApart) {
  const TimerFacts facts = measure_timer();
  EXPECT_GE(facts.resolution_ns, 1);
  EXPECT_GT(facts.read_ns, 0);
}

}  // namespace
}  // namespace moebench::measure
