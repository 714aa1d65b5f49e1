#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/phases.h"
#include "harness/measure/torch/tensor_memory.h"
#include "harness/profile/collectives.h"
#include "harness/profile/gpu/activities.h"

namespace moebench::profile {

struct TraceSlice {
  std::string name;
  std::int64_t begin_ns = 0;  // of now_ns()
  std::int64_t end_ns = 0;
};

// Records this thread while it lives: operations by libtorch's Kineto, phases, and whole steps.
// Never beside a TensorMemoryTracker, whose slot Kineto needs.
class TraceRecorder : public measure::PhaseObserver {
 public:
  // Kineto's own file passes through `folder`.
  explicit TraceRecorder(std::filesystem::path folder);
  ~TraceRecorder() override;
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;

  void begin_step();
  void end_step();
  void stop();
  void on_change(measure::Phase from, measure::Phase to) override;

  // Complete after stop().
  const std::vector<TraceSlice>& operations() const { return operations_; }
  const std::vector<TraceSlice>& phases() const { return phases_; }
  const std::vector<TraceSlice>& steps() const { return steps_; }

 private:
  void read_kineto(const std::filesystem::path& file);

  std::filesystem::path folder_;
  std::unique_ptr<measure::ObservePhases> observe_;
  std::int64_t real_minus_now_ns_ = 0;
  std::int64_t phase_since_ns_ = 0;
  bool running_ = true;
  std::vector<TraceSlice> operations_, phases_, steps_;
};

// Holds what a rank adds to the trace of all ranks.
struct RankTrace {
  int rank = 0;
  const TraceRecorder* recorder = nullptr;
  const CollectiveLog* collectives = nullptr;     // finished
  std::int64_t clock_offset_ns = 0;               // from this rank's clock to rank 0's
  std::span<const measure::MemoryMoment> memory;  // of a step of the memory pass; may be empty
  const profile_gpu::GpuTrace* gpu = nullptr;     // of the same steps; none where no GPU was traced
};

// Writes trace_rank_<r>.json, and on rank 0 then trace.json of all ranks: Chrome's trace format
// ("Trace Event Format"), which Perfetto reads. A process is a rank, with lanes for phases,
// collectives and operations; what one collective is on several ranks is joined by arrows from the
// rank that was ready last; gathers in the background are asynchronous slices from their start to
// their end. Arrows that could not be true, ending before they begin, are left out and counted as
// the documents' "arrowsLeftOut". A traced GPU has a lane for each of its streams, with arrows from
// the launches. Memory has a process and a time of its own, since it is another pass's. Collective;
// `folder` is one that all ranks see.
void write_trace(comm::Communicator& world, const RankTrace& trace,
                 const std::filesystem::path& folder);

}  // namespace moebench::profile
