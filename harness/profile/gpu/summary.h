#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "harness/measure/phases.h"
#include "harness/profile/gpu/activities.h"
#include "harness/profile/gpu/phase_log.h"

namespace moebench::profile_gpu {

struct ActivityTotal {
  std::int64_t calls = 0;
  std::int64_t time_ns = 0;
  std::int64_t bytes = 0;

  void add(const ActivityTotal& other);
  bool operator==(const ActivityTotal&) const = default;
};

// Stands where no record says what launched an activity.
inline constexpr const char* kUnattributed = "unattributed";

// Says what a GPU did in some steps. Work is asynchronous, so that an activity belongs to the phase
// in which the host launched it, whenever it ran: on the launching thread, or where that is in
// none, on the thread of the steps. Only idle time is the host's: no activity ran while the host
// was there.
struct GpuSummary {
  // By phase and name; times of activities that ran at once are added up.
  std::map<std::pair<std::string, std::string>, ActivityTotal> activities;
  std::map<std::string, ActivityTotal> copies;  // by direction, and "memset"; within the above
  measure::PhaseTimes idle_in_phase{};          // adds up to idle_ns

  std::int64_t window_ns = 0;  // from the host's begin to its end, or that of the last activity
  std::int64_t busy_ns = 0;    // at least one activity ran
  std::int64_t idle_ns = 0;    // the rest of the window
  // Of that: nothing was launched that had not begun. The GPU waited for the host; in the rest, of
  // what was launched, one waited for another, or for the GPU to begin it.
  std::int64_t unlaunched_ns = 0;
  std::int64_t launches = 0;          // activities whose launch is known
  std::int64_t launch_lead_ns = 0;    // from the end of the call that launched each to its begin
  std::int64_t communication_ns = 0;  // at least one kernel of NCCL ran
  std::int64_t exposed_communication_ns = 0;          // of that, while no other kernel ran
  std::int64_t allocations = 0, allocated_bytes = 0;  // of device memory, from the driver
  std::int64_t dropped = 0;                           // records

  void add(const GpuSummary& other);
};

// Summarizes the stretch of time that `host` covers.
GpuSummary summarize(const GpuTrace& trace, const HostPhases& host);

}  // namespace moebench::profile_gpu
