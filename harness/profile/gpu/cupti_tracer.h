#pragma once

#include <memory>
#include <string>

#include "harness/profile/gpu/activities.h"

namespace moebench::profile_gpu {

// Records what the process does on its CUDA devices while it lives, by CUPTI's activity records;
// all times are of now_ns(). One at a time, and never beside another profiler of CUDA in the
// process: Nsight, or Kineto with its CUDA activities; Kineto's record of the CPU must start before
// and end after. In a build without CUDA there is nothing to record.
class CuptiTracer {
 public:
  // Empty where there is a CUDA device to trace, else why not.
  static std::string why_unavailable();
  static bool available() { return why_unavailable().empty(); }

  // Waits first for what this thread's device still has to do, so that none of it is recorded.
  // Error where CUPTI refuses; Unsupported where it is not available.
  CuptiTracer();
  ~CuptiTracer();
  CuptiTracer(const CuptiTracer&) = delete;
  CuptiTracer& operator=(const CuptiTracer&) = delete;

  // Waits for this thread's device, and returns all that was recorded. Once.
  GpuTrace stop();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace moebench::profile_gpu
