#include "harness/measure/clock.h"

#include <chrono>

namespace moebench::measure {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace moebench::measure
