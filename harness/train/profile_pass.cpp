#include "harness/train/profile_pass.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>

#include "harness/base/file.h"
#include "harness/comm/agreement.h"
#include "harness/measure/clock.h"
#include "harness/measure/memory_bandwidth.h"
#include "harness/probe/message_times.h"
#include "harness/profile/gpu/cupti_tracer.h"
#include "harness/profile/gpu/phase_log.h"
#include "harness/profile/gpu/summary.h"
#include "harness/profile/pstats.h"
#include "harness/profile/trace.h"
#include "harness/record/put_metric.h"
#include "harness/train/profile_metrics.h"

namespace moebench::train {
namespace {

using config::Profile;
using profile::CallTable;
using profile::CollectiveLog;
using profile::OpProfiler;

constexpr std::int64_t kMinSteps = 3, kMaxSteps = 8;  // under each level, in turns
constexpr std::int64_t kTracedSteps = 2;
constexpr std::int64_t kCopyBytes = 64 << 20;
// A few sizes are enough to set a step's collectives beside: about a third of a second.
constexpr probe::MessageOptions kMessages = {
    .smallest_bytes = 1 << 10, .largest_bytes = 64 << 20, .factor = 16, .budget_ns = 0.02e9};

std::string to_text(const CallTable& table) {
  std::string text;
  for (const auto& [key, c] : table) {
    text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", static_cast<int>(key.phase), c.calls,
                        c.primitive_calls, c.own_ns, c.cumulative_ns, key.function, key.caller);
  }
  return text;
}

void add_text(const std::string& text, CallTable& table) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    int phase = 0;
    profile::CallCounts c;
    fields >> phase >> c.calls >> c.primitive_calls >> c.own_ns >> c.cumulative_ns;
    std::string function, caller;
    fields.get();  // the tab
    std::getline(fields, function, '\t');
    std::getline(fields, caller, '\t');
    table[{static_cast<measure::Phase>(phase), function, caller}].add(c);
  }
}

class Pass {
 public:
  Pass(const PassInputs& inputs, const std::filesystem::path& folder,
       const std::vector<measure::MemoryMoment>& memory, record::RankResult& result)
      : inputs_(inputs),
        folder_(folder),
        memory_(memory),
        result_(result),
        num_steps_(std::clamp(inputs.cell.steps, kMinSteps, kMaxSteps)),
        log_(inputs.world),
        recorded_{inputs.cell, log_.world(), inputs.data, inputs.options, inputs.place},
        run_(recorded_, Engine::BufferCaching::kOn),
        next_step_(inputs.cell.warmup_steps + inputs.cell.steps) {}

  void run() {
    for (std::int64_t i = 0; i < std::max<std::int64_t>(1, inputs_.cell.warmup_steps); ++i) step();
    for (std::int64_t i = 0; i < num_steps_; ++i) {
      keep("plain", step());
      profile_phases();
      if (level() >= Profile::kOps) profile_calls();
      if (traces_gpu()) profile_device();
      inputs_.tell_progress("profile", i + 1, num_steps_);
    }
    const auto offset = profile::measure_clock_offset(inputs_.world);
    log_.finish(offset.offset_ns);
    put(result_.metrics, "clock_uncertainty", offset.uncertainty_ns);
    write();
    if (level() >= Profile::kOps) {
      if (!inputs_.place.is_cuda()) profile_movements();  // it takes the host's time for theirs
      write_pstats();
    }
    if (!inputs_.place.is_cuda() && inputs_.world.size() > 1) measure_messages();
    if (level() == Profile::kTrace) trace(offset.offset_ns);
    share_families(inputs_.world, result_.metrics);
  }

 private:
  Profile level() const { return inputs_.cell.profile; }
  // Returns the same on all ranks of a cell.
  bool traces_gpu() const { return level() >= Profile::kOps && inputs_.place.is_cuda(); }

  // Returns the time it took.
  std::int64_t step() {
    inputs_.options.before_step(next_step_++);
    const measure::Stopwatch watch;
    run_.step(consumed_);
    return watch.elapsed_ns();
  }

  void keep(const char* what, std::int64_t elapsed_ns) {
    metric_of(result_.metrics, fmt::format("profile_{}_step_time", what))
        .samples.push_back(static_cast<double>(elapsed_ns));
  }

  void profile_phases() {
    log_.start();
    std::int64_t elapsed = 0;
    // The hook of tests that delay a rank comes before the clock of phases starts, in no phase.
    inputs_.options.before_step(next_step_++);
    {
      measure::PhaseRecorder recorder;
      const measure::Stopwatch watch;
      run_.step(consumed_);
      elapsed = watch.elapsed_ns();
      const measure::PhaseTimes times = recorder.take();
      for (std::size_t i = 0; i < times.size(); ++i) phases_[i] += times[i];
    }
    log_.stop();
    keep("phases", elapsed);
  }

  void profile_calls() {
    inputs_.options.before_step(next_step_++);
    OpProfiler profiler(OpProfiler::Detail::kCalls);
    const measure::Stopwatch watch;
    run_.step(consumed_);
    keep("ops", watch.elapsed_ns());
    profiler.stop();
    profile::add(profiler.table(), calls_);
  }

  void profile_device() {
    inputs_.options.before_step(next_step_++);
    profile_gpu::CuptiTracer tracer;
    profile_gpu::PhaseLog phases;  // its stretch of time is the step's, without CUPTI's start
    const measure::Stopwatch watch;
    run_.step(consumed_);
    keep("gpu", watch.elapsed_ns());
    const profile_gpu::HostPhases host = phases.stop();
    gpu_.add(profile_gpu::summarize(tracer.stop(), host));
  }

  void profile_movements() {
    OpProfiler profiler(OpProfiler::Detail::kBytes);
    step();
    profiler.stop();
    write_movements(profiler.movements(), 1, result_.metrics);
    inputs_.world.barrier();
    put(result_.metrics, "copy_rate",
        measure::copy_bytes_per_second(kCopyBytes,
                                       static_cast<int>(inputs_.cell.threads_per_rank)));
  }

  // Of messages through the host's memory: those of GPUs go other ways.
  void measure_messages() {
    inputs_.world.barrier();
    probe::MessageTimes times = probe::measure_messages(inputs_.world, kMessages);
    auto& metrics = result_.metrics;
    put_series(metrics, "machine_message_size", std::move(times.bytes));
    put_series(metrics, "machine_all_gather_time", std::move(times.all_gather_ns));
    put_series(metrics, "machine_reduce_scatter_time", std::move(times.reduce_scatter_ns));
    put_series(metrics, "machine_all_to_all_time", std::move(times.all_to_all_ns));
  }

  void write() {
    const auto steps = static_cast<double>(num_steps_);
    write_phases(phases_, steps, result_.metrics);
    write_collectives(log_, steps, result_.metrics);
    write_calls(calls_, steps, result_.metrics);
    if (traces_gpu()) write_gpu(gpu_, steps, result_.metrics);
    put(result_.metrics, "profiled_steps", steps);
  }

  void write_pstats() {
    const int rank = inputs_.world.rank();
    CallTable all;
    for (const std::string& text : comm::all_gather_text(inputs_.world, to_text(calls_))) {
      add_text(text, all);
    }
    comm::do_together(inputs_.world, [&] {
      write_file_atomically(folder_ / fmt::format("profile_rank_{}.pstats", rank),
                            to_pstats(calls_, num_steps_));
      if (rank == 0) {
        write_file_atomically(folder_ / "profile.pstats",
                              to_pstats(all, num_steps_ * inputs_.world.size()));
      }
    });
  }

  void trace(std::int64_t clock_offset_ns) {
    log_.clear();
    inputs_.world.barrier();
    profile::TraceRecorder recorder(folder_);
    std::optional<profile_gpu::CuptiTracer> tracer;  // after Kineto, which takes CUPTI for itself
    if (traces_gpu()) tracer.emplace();
    log_.start();
    for (std::int64_t i = 0; i < kTracedSteps; ++i) {
      recorder.begin_step();
      keep("trace", step());
      recorder.end_step();
    }
    log_.stop();
    std::optional<profile_gpu::GpuTrace> gpu;
    if (tracer) gpu = tracer->stop();
    recorder.stop();
    log_.finish(clock_offset_ns);
    profile::write_trace(
        inputs_.world,
        {inputs_.world.rank(), &recorder, &log_, clock_offset_ns, memory_, gpu ? &*gpu : nullptr},
        folder_);
  }

  const PassInputs& inputs_;
  const std::filesystem::path& folder_;
  const std::vector<measure::MemoryMoment>& memory_;
  record::RankResult& result_;
  std::int64_t num_steps_;
  CollectiveLog log_;
  PassInputs recorded_;
  Run run_;
  std::int64_t next_step_;  // counted on from the timed pass
  Consumed consumed_;
  measure::PhaseTimes phases_{};
  CallTable calls_;
  profile_gpu::GpuSummary gpu_;
};

}  // namespace

void profile_pass(const PassInputs& inputs, const std::filesystem::path& folder,
                  const std::vector<measure::MemoryMoment>& memory, record::RankResult& result) {
  Pass(inputs, folder, memory, result).run();
}

}  // namespace moebench::train
