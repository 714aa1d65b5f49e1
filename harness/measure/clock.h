#pragma once

#include <cstdint>

namespace moebench::measure {

// Nanoseconds of the system's steady clock.
std::int64_t now_ns();

// Nanoseconds since construction.
class Stopwatch {
 public:
  Stopwatch() : start_ns_(now_ns()) {}
  std::int64_t elapsed_ns() const { return now_ns() - start_ns_; }

 private:
  std::int64_t start_ns_;
};

}  // namespace moebench::measure
