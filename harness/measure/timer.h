#pragma once

namespace moebench::measure {

// Says what the steady clock can tell apart, and what asking it costs.
struct TimerFacts {
  double resolution_ns = 0;  // smallest step seen between two readings
  double read_ns = 0;        // time of one reading, mean
};
TimerFacts measure_timer();

}  // namespace moebench::measure
