#pragma once

namespace moebench {

// Prints the failed condition with its place and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace moebench

// Our own fault: an invariant of the code is broken. Aborts in every build type.
#define MOEBENCH_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::moebench::check_failed(#condition, __FILE__, __LINE__))
