#pragma once

#include <array>
#include <cstdint>

#include "harness/measure/phase.h"

namespace moebench::measure {

// Nanoseconds of each phase, itself alone: what scopes within it took is theirs.
using PhaseTimes = std::array<std::int64_t, kNumPhases>;

// Records the phases of the thread that makes it, from then on. One at a time.
class PhaseRecorder {
 public:
  PhaseRecorder();
  ~PhaseRecorder();
  PhaseRecorder(const PhaseRecorder&) = delete;
  PhaseRecorder& operator=(const PhaseRecorder&) = delete;

  // Times since construction or the last call; they add up to the time that passed.
  PhaseTimes take();
};

// Sees every change of phase of the thread that installs it; for profiles, which need the moments.
class PhaseObserver {
 public:
  virtual ~PhaseObserver() = default;
  virtual void on_change(Phase from, Phase to) = 0;
};

// Installs an observer on this thread while it lives. One at a time.
class ObservePhases {
 public:
  explicit ObservePhases(PhaseObserver& observer);
  ~ObservePhases();
  ObservePhases(const ObservePhases&) = delete;
  ObservePhases& operator=(const ObservePhases&) = delete;
};

// Has an observer see the changes of phase of all threads, each on its own thread, until stop() or
// the end of its life; beside the observers of single threads. One at a time; no other thread may
// change its phase while one is installed or stopped.
class ObserveAllThreads {
 public:
  explicit ObserveAllThreads(PhaseObserver& observer);
  ~ObserveAllThreads() { stop(); }
  ObserveAllThreads(const ObserveAllThreads&) = delete;
  ObserveAllThreads& operator=(const ObserveAllThreads&) = delete;

  void stop();

 private:
  PhaseObserver* observer_;
};

Phase current_phase();

// From here on this thread is in another phase, until the scope around ends.
void change_phase(Phase phase);

// Marks this thread's phase while it lives. Costs one clock read at each end while a recorder
// lives, and next to nothing otherwise. libtorch runs the backward pass of CPU tensors on the
// thread that asked for it, so that marks in an operation's backward count as well.
class PhaseScope {
 public:
  explicit PhaseScope(Phase phase) : outer_(enter(phase)) {}
  ~PhaseScope() { enter(outer_); }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

  // The rest of the scope is another phase.
  void change(Phase phase) { change_phase(phase); }

 private:
  static Phase enter(Phase phase);  // returns the one before

  Phase outer_;
};

}  // namespace moebench::measure
