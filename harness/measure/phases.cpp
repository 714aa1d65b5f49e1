#include "harness/measure/phases.h"

#include <atomic>

#include "harness/base/check.h"
#include "harness/measure/clock.h"
#include "harness/measure/nvtx.h"

namespace moebench::measure {
namespace {

struct PhaseClock {
  bool recording = false;
  PhaseObserver* observer = nullptr;
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
std::atomic<PhaseObserver*> observer_of_all_threads = nullptr;

}  // namespace

ObservePhases::ObservePhases(PhaseObserver& observer) {
  MOEBENCH_CHECK(clock_of_thread.observer == nullptr);
  clock_of_thread.observer = &observer;
}

ObservePhases::~ObservePhases() { clock_of_thread.observer = nullptr; }

ObserveAllThreads::ObserveAllThreads(PhaseObserver& observer) : observer_(&observer) {
  MOEBENCH_CHECK(observer_of_all_threads.exchange(observer_) == nullptr);
}

void ObserveAllThreads::stop() {
  if (observer_ != nullptr) observer_of_all_threads = nullptr;
  observer_ = nullptr;
}

Phase current_phase() { return clock_of_thread.current; }

void change_phase(Phase phase) {
  PhaseClock& clock = clock_of_thread;
  if (clock.recording) clock.settle();
  if (clock.observer != nullptr) clock.observer->on_change(clock.current, phase);
  if (PhaseObserver* all = observer_of_all_threads.load(std::memory_order_acquire)) {
    all->on_change(clock.current, phase);
  }
  nvtx_enter(phase);
  clock.current = phase;
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
  const Phase before = clock_of_thread.current;
  change_phase(phase);
  return before;
}

}  // namespace moebench::measure
