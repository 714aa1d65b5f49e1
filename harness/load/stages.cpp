#include "harness/load/stages.h"

#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace moebench::load {

void run_workers(StageClock& clock, std::int64_t num_workers,
                 const std::function<void(StageClock&, std::int64_t)>& work) {
  const Stage outer = clock.enter(Stage::kWait);
  // All from now until the last worker has ended: what a thread needs to start, and what it has
  // left at its end, is waiting.
  std::vector<StageClock> clocks(static_cast<std::size_t>(num_workers), StageClock(Stage::kWait));
  std::exception_ptr failure;
  std::mutex mutex;
  const auto run = [&](std::size_t i) {
    clocks[i].enter(Stage::kOther);
    try {
      work(clocks[i], static_cast<std::int64_t>(i));
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
    clocks[i].enter(Stage::kWait);
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < clocks.size(); ++i) threads.emplace_back(run, i);
  run(0);
  for (std::thread& thread : threads) thread.join();
  StageTimes mean{};
  for (StageClock& worker : clocks) {
    for (std::size_t s = 0; s < kNumStages; ++s) mean[s] += worker.times()[s];
  }
  for (std::int64_t& time : mean) time /= num_workers;
  clock.book_instead(mean);
  clock.enter(outer);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace moebench::load
