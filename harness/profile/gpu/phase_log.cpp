#include "harness/profile/gpu/phase_log.h"

#include <unistd.h>

#include "harness/measure/clock.h"

namespace moebench::profile_gpu {

std::uint32_t thread_number() {
  static thread_local const auto number = static_cast<std::uint32_t>(::gettid());
  return number;
}

PhaseLog::PhaseLog()
    : phases_{thread_number(), measure::now_ns(), 0, {}},
      open_{{phases_.thread, {measure::current_phase(), phases_.begin_ns}}},
      observe_(*this) {}

void PhaseLog::on_change(measure::Phase from, measure::Phase to) {
  if (from == to) return;
  const std::int64_t now = measure::now_ns();
  const std::uint32_t thread = thread_number();
  const std::lock_guard lock(mutex_);
  // A thread that was not heard of yet has been in `from` all along.
  Open& open = open_.try_emplace(thread, Open{from, phases_.begin_ns}).first->second;
  phases_.slices.push_back({from, open.since_ns, now, thread});
  open = {to, now};
}

HostPhases PhaseLog::stop() {
  observe_.stop();
  const std::lock_guard lock(mutex_);
  phases_.end_ns = measure::now_ns();
  for (const auto& [thread, open] : open_) {
    phases_.slices.push_back({open.phase, open.since_ns, phases_.end_ns, thread});
  }
  return std::move(phases_);
}

}  // namespace moebench::profile_gpu
