#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "harness/measure/phases.h"

namespace moebench::profile_gpu {

// This thread as records of CUDA calls name it: the system's number.
std::uint32_t thread_number();

struct PhaseSlice {
  measure::Phase phase = measure::Phase::kOther;
  std::int64_t begin_ns = 0;  // of now_ns()
  std::int64_t end_ns = 0;
  std::uint32_t thread = 0;
};

// The phases of all threads of a stretch of time: libtorch runs the backward pass of a device's
// tensors on a thread of its own, where the marks of that pass then lie.
struct HostPhases {
  std::uint32_t thread = 0;  // the one that runs the steps
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::vector<PhaseSlice> slices;  // of a thread ascending and without overlap
};

// Logs them from its making, by the thread that runs the steps, to stop(). One at a time; other
// threads must change no phase while it is made, stopped or destroyed.
class PhaseLog : public measure::PhaseObserver {
 public:
  PhaseLog();
  HostPhases stop();  // once
  void on_change(measure::Phase from, measure::Phase to) override;

 private:
  struct Open {
    measure::Phase phase;
    std::int64_t since_ns;
  };

  std::mutex mutex_;
  HostPhases phases_;
  std::map<std::uint32_t, Open> open_;  // by thread
  measure::ObserveAllThreads observe_;  // last: nothing arrives before the rest is there
};

}  // namespace moebench::profile_gpu
