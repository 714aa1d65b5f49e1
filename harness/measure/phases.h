#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace moebench::measure {

// What a rank does with its time within a training step.
enum class Phase {
  kOther,      // none of the parts below
  kData,       // making the micro-batches
  kForward,    // embedding, attention, norms, residuals, head and loss; recomputed ones included
  kRouter,     // the router, its choice and what is counted of it
  kDispatch,   // grouping rows by expert and sending them; also their gradients' way back
  kExperts,    // the experts' products
  kCombine,    // returning rows and summing them; also their gradients' way
  kBackward,   // computing gradients, without their communication
  kGather,     // starting, and waiting for, the all-gathers of parameters
  kReduce,     // reduce-scatters of gradients, and sums over ranks
  kOptimizer,  // gradient norm and AdamW
};
inline constexpr std::size_t kNumPhases = 11;

const char* to_string(Phase phase);  // "other", "data", "forward", ...

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
  void change(Phase phase) { enter(phase); }

 private:
  static Phase enter(Phase phase);  // returns the one before

  Phase outer_;
};

}  // namespace moebench::measure
