#include "harness/measure/memory_bandwidth.h"

#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "harness/measure/clock.h"

namespace moebench::measure {
namespace {

constexpr int kRepeats = 5;

// Each thread touches its own pages first, so that they lie near it.
std::int64_t best_copy_ns(std::size_t bytes_per_thread, int num_threads) {
  std::int64_t best_ns = INT64_MAX;
  std::barrier in_step(num_threads);
  const auto work = [&](bool is_first) {
    const auto from = std::make_unique_for_overwrite<std::byte[]>(bytes_per_thread);
    const auto to = std::make_unique_for_overwrite<std::byte[]>(bytes_per_thread);
    std::memset(from.get(), 1, bytes_per_thread);
    std::memset(to.get(), 2, bytes_per_thread);
    for (int i = 0; i < kRepeats; ++i) {
      in_step.arrive_and_wait();
      const Stopwatch watch;
      std::memcpy(to.get(), from.get(), bytes_per_thread);
      in_step.arrive_and_wait();
      if (is_first) best_ns = std::min(best_ns, watch.elapsed_ns());
    }
  };
  std::vector<std::jthread> others;
  for (int i = 1; i < num_threads; ++i) others.emplace_back(work, false);
  work(true);
  return best_ns;
}

}  // namespace

std::int64_t largest_cache_bytes() {
  std::int64_t largest = 0;
  for (const int level : {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE}) {
    largest = std::max<std::int64_t>(largest, ::sysconf(level));
  }
  return largest;
}

double copy_bytes_per_second(std::int64_t bytes, int num_threads) {
  const std::size_t each = static_cast<std::size_t>(bytes / num_threads);
  const std::int64_t ns = best_copy_ns(each, num_threads);
  return 2.0 * static_cast<double>(each) * num_threads / (static_cast<double>(ns) * 1e-9);
}

}  // namespace moebench::measure
