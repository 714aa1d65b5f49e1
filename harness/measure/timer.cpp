#include "harness/measure/timer.h"

#include <algorithm>

#include "harness/measure/clock.h"

namespace moebench::measure {
namespace {

constexpr int kReadings = 100'000;

}  // namespace

TimerFacts measure_timer() {
  std::int64_t smallest = INT64_MAX;
  const std::int64_t begin = now_ns();
  std::int64_t last = begin;
  for (int i = 0; i < kReadings; ++i) {
    const std::int64_t now = now_ns();
    if (now > last) smallest = std::min(smallest, now - last);
    last = now;
  }
  return {static_cast<double>(smallest), static_cast<double>(last - begin) / kReadings};
}

}  // namespace moebench::measure
