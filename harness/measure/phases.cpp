#include "harness/measure/phases.h"

#include "harness/base/check.h"
#include "harness/measure/clock.h"

namespace moebench::measure {
namespace {

struct PhaseClock {
  bool recording = false;
  Phase current = Phase::kOther;
  std::int64_t since_ns = 0;
  PhaseTimes times{};

  void settle() {
    const std::int64_t now = now_ns();
    times[static_cast<std::size_t>(current)] += now - since_ns;
    since_ns = now;
  }
};

thread_local PhaseClock clock_of_thread;

}  // namespace

const char* to_string(Phase phase) {
  constexpr std::array<const char*, kNumPhases> kNames = {
      "other",   "data",     "forward", "router", "dispatch", "experts",
      "combine", "backward", "gather",  "reduce", "optimizer"};
  return kNames[static_cast<std::size_t>(phase)];
}

PhaseRecorder::PhaseRecorder() {
  MOEBENCH_CHECK(!clock_of_thread.recording);
  clock_of_thread.recording = true;
  clock_of_thread.times = {};
  clock_of_thread.since_ns = now_ns();
}

PhaseRecorder::~PhaseRecorder() { clock_of_thread.recording = false; }

PhaseTimes PhaseRecorder::take() {
  clock_of_thread.settle();
  const PhaseTimes times = clock_of_thread.times;
  clock_of_thread.times = {};
  return times;
}

Phase PhaseScope::enter(Phase phase) {
  PhaseClock& clock = clock_of_thread;
  const Phase before = clock.current;
  if (clock.recording) clock.settle();
  clock.current = phase;
  return before;
}

}  // namespace moebench::measure
