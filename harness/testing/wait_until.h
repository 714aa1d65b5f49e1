#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace moebench {

// Waits for what another thread does; a test's time limit ends it where that never comes.
inline void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace moebench
