#include "harness/profile/gpu/summary.h"

#include <algorithm>
#include <unordered_map>

#include "harness/profile/gpu/intervals.h"

namespace moebench::profile_gpu {
namespace {

using measure::Phase;

class Launches {
 public:
  explicit Launches(const GpuTrace& trace) {
    for (const Launch& launch : trace.launches) {
      // A call of the runtime and the driver's within it may share an id: the outer one counts.
      const Launch*& known = launches_[launch.correlation];
      if (known == nullptr || launch.begin_ns < known->begin_ns) known = &launch;
    }
  }

  // Null where no record says what launched it.
  const Launch* of(const Activity& activity) const {
    const auto found = launches_.find(activity.correlation);
    return found == launches_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<std::uint32_t, const Launch*> launches_;  // by correlation id
};

class LaunchPhases {
 public:
  explicit LaunchPhases(const HostPhases& host) : host_(host) {
    for (const PhaseSlice& slice : host.slices) slices_[slice.thread].push_back(&slice);
  }

  std::string of(const Launch* launch) const {
    if (launch == nullptr) return kUnattributed;
    const Phase own = phase_at(launch->thread, launch->begin_ns);
    return to_string(own != Phase::kOther ? own : phase_at(host_.thread, launch->begin_ns));
  }

 private:
  Phase phase_at(std::uint32_t thread, std::int64_t time_ns) const {
    const auto found = slices_.find(thread);
    if (found == slices_.end()) return Phase::kOther;
    const auto& slices = found->second;
    const auto next = std::ranges::upper_bound(slices, time_ns, {},
                                               [](const PhaseSlice* s) { return s->begin_ns; });
    if (next == slices.begin() || (*std::prev(next))->end_ns <= time_ns) return Phase::kOther;
    return (*std::prev(next))->phase;
  }

  const HostPhases& host_;
  std::unordered_map<std::uint32_t, std::vector<const PhaseSlice*>> slices_;  // by thread
};

// pending: when something was launched that had not begun.
void add_busy_times(const GpuTrace& trace, const HostPhases& host, std::vector<Interval> pending,
                    GpuSummary& summary) {
  Interval window{host.begin_ns, host.end_ns};
  std::vector<Interval> all, communication, compute;
  for (const Activity& activity : trace.activities) {
    const Interval interval{activity.begin_ns, activity.end_ns};
    window.end_ns = std::max(window.end_ns, interval.end_ns);
    all.push_back(interval);
    if (activity.is_communication()) {
      communication.push_back(interval);
    } else if (activity.kind == ActivityKind::kKernel) {
      compute.push_back(interval);
    }
  }
  // Matching two clocks may put an activity a little before the host's begin.
  const Intervals whole = union_of({window});
  const Intervals idle = difference(whole, union_of(std::move(all)));
  summary.window_ns = length_ns(whole);
  summary.idle_ns = length_ns(idle);
  summary.busy_ns = summary.window_ns - summary.idle_ns;
  summary.unlaunched_ns = length_ns(difference(idle, union_of(std::move(pending))));
  const Intervals sent = union_of(std::move(communication));
  summary.communication_ns = length_ns(sent);
  summary.exposed_communication_ns = length_ns(difference(sent, union_of(std::move(compute))));

  std::array<std::vector<Interval>, measure::kNumPhases> of_phase;
  for (const PhaseSlice& slice : host.slices) {
    if (slice.thread != host.thread) continue;
    of_phase[static_cast<std::size_t>(slice.phase)].push_back({slice.begin_ns, slice.end_ns});
  }
  std::int64_t rest = summary.idle_ns;
  for (std::size_t i = 0; i < of_phase.size(); ++i) {
    summary.idle_in_phase[i] = length_ns(intersection(idle, union_of(std::move(of_phase[i]))));
    rest -= summary.idle_in_phase[i];
  }
  summary.idle_in_phase[static_cast<std::size_t>(Phase::kOther)] += rest;
}

}  // namespace

void ActivityTotal::add(const ActivityTotal& other) {
  calls += other.calls;
  time_ns += other.time_ns;
  bytes += other.bytes;
}

void GpuSummary::add(const GpuSummary& other) {
  for (const auto& [key, total] : other.activities) activities[key].add(total);
  for (const auto& [direction, total] : other.copies) copies[direction].add(total);
  for (std::size_t i = 0; i < idle_in_phase.size(); ++i) idle_in_phase[i] += other.idle_in_phase[i];
  window_ns += other.window_ns;
  busy_ns += other.busy_ns;
  idle_ns += other.idle_ns;
  unlaunched_ns += other.unlaunched_ns;
  launches += other.launches;
  launch_lead_ns += other.launch_lead_ns;
  communication_ns += other.communication_ns;
  exposed_communication_ns += other.exposed_communication_ns;
  allocations += other.allocations;
  allocated_bytes += other.allocated_bytes;
  dropped += other.dropped;
}

GpuSummary summarize(const GpuTrace& trace, const HostPhases& host) {
  GpuSummary summary;
  const Launches launches(trace);
  const LaunchPhases phases(host);
  std::vector<Interval> pending;
  for (const Activity& activity : trace.activities) {
    const ActivityTotal one{1, activity.duration_ns(), activity.bytes};
    const Launch* launch = launches.of(activity);
    summary.activities[{phases.of(launch), activity.name}].add(one);
    if (activity.kind != ActivityKind::kKernel) summary.copies[activity.name].add(one);
    if (launch == nullptr) continue;
    ++summary.launches;
    summary.launch_lead_ns += std::max<std::int64_t>(0, activity.begin_ns - launch->end_ns);
    pending.push_back({launch->end_ns, activity.begin_ns});
  }
  for (const MemoryOperation& operation : trace.memory) {
    if (!operation.allocates) continue;
    ++summary.allocations;
    summary.allocated_bytes += operation.bytes;
  }
  summary.dropped = trace.dropped;
  add_busy_times(trace, host, std::move(pending), summary);
  return summary;
}

}  // namespace moebench::profile_gpu
