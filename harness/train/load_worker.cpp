#include "harness/train/load_worker.h"

#include <fmt/core.h>

#include <utility>

#include "harness/load/limits.h"
#include "harness/load/verify.h"
#include "harness/probe/network.h"
#include "harness/record/put_metric.h"
#include "harness/train/load_weights.h"

namespace moebench::train {
namespace {

class LoadWorker {
 public:
  LoadWorker(const config::CellConfig& cell, comm::Communicator& world,
             const WorkerOptions& options)
      : cell_(cell),
        world_(world),
        options_(options),
        rank_(cell.load.one_rank < 0 ? world.rank() : cell.load.one_rank) {
    result_.rank = world.rank();
    result_.world_size = world.size();
  }

  record::RankResult run() {
    result_.environment["mpi"] = comm::mpi_library_version();
    result_.environment["weights"] = weights::CheckpointFiles(cell_.load_from).description();
    if (cell_.load.one_rank >= 0) {
      result_.environment["one_rank"] = fmt::format("{} of {}", cell_.load.one_rank, cell_.ranks);
    }
    options_.before_step(0);
    if (cell_.nodes > 1 && cell_.load.one_rank < 0) {
      probe::measure_network(world_, cell_.ranks_per_node, result_.metrics);
    }
    timed_pass();
    attributed_pass();
    limits();
    return std::move(result_);
  }

 private:
  void progress(const char* phase, std::int64_t step, std::int64_t of) {
    if (world_.rank() == 0) options_.progress(phase, step, of, 0);
  }

  // The host of a virtual machine may have taken free memory back, and whoever uses it next would
  // pay for that: half of a warm load by `direct` where the kernel reports free pages.
  static void touch_free_memory(std::int64_t bytes) {
    const load::Memory memory(bytes, load::Memory::Pages::kHuge);
    load::touch_for_writing(memory.data(), bytes);
  }

  void timed_pass() {
    progress("load", 0, 3);
    put(result_.metrics, "page_cache_share", prepare_page_cache(cell_, world_));
    load::Request request = load_request(cell_, rank_);
    load::Memory memory;
    touch_free_memory(request.kept_bytes());
    world_.barrier();
    const load::LoadReport report = load_weights(cell_, world_, request, memory, LoadPass::kTimed);
    world_.barrier();
    bytes_kept_ = request.kept_bytes();
    write(report);
    progress("verify", 1, 3);
    weights::CheckpointFiles files(cell_.load_from);
    const std::string difference = load::find_difference(request, files);
    if (difference.empty()) return;
    result_.disposition = record::Disposition::kIncorrect;
    result_.message = difference;
  }

  void write(const load::LoadReport& report) {
    auto& metrics = result_.metrics;
    put(metrics, "load_time", report.total_ns);
    put(metrics, "load_bytes_kept", bytes_kept_);
    put(metrics, "load_bytes_needed", report.bytes_needed);
    put(metrics, "load_bytes_read", report.bytes_read);
    put(metrics, "load_bytes_direct", report.bytes_direct);
    put(metrics, "load_bytes_received", report.bytes_received);
    put(metrics, "load_minor_faults", report.minor_faults);
    put(metrics, "load_major_faults", report.major_faults);
    if (report.peak_rss_bytes) put(metrics, "load_rss_peak", *report.peak_rss_bytes);
    for (const load::FunctionTimes& function : report.functions) {
      put(metrics, "calls." + function.name, function.calls);
      put(metrics, "own_time." + function.name, function.own_ns);
      put(metrics, "cumulative_time." + function.name, function.cumulative_ns);
    }
  }

  void attributed_pass() {
    progress("stages", 2, 3);
    prepare_page_cache(cell_, world_);
    load::Request request = load_request(cell_, rank_);
    load::Memory memory;
    world_.barrier();
    const auto report = load_weights(cell_, world_, request, memory, LoadPass::kStages);
    for (std::size_t i = 0; i < load::kNumStages; ++i) {
      const std::string name = to_string(static_cast<load::Stage>(i));
      put(result_.metrics, "load_stage." + name, report.stages[i]);
    }
    world_.barrier();
  }

  // All ranks at once, so that they share the machine as they do in the load.
  void limits() {
    world_.barrier();
    put(result_.metrics, "copy_time", load::copy_time_ns(bytes_kept_, cell_.threads_per_rank));
    if (cell_.load.cache != config::Cache::kCold) return;
    world_.barrier();
    const auto files = weights::CheckpointFiles(cell_.load_from).paths();
    const auto rate = load::disk_bytes_per_second(files, rank_ * bytes_kept_, bytes_kept_);
    if (rate) put(result_.metrics, "disk_read_rate", *rate);
  }

  const config::CellConfig& cell_;
  comm::Communicator& world_;
  const WorkerOptions& options_;
  std::int64_t rank_;  // of the cell
  std::int64_t bytes_kept_ = 0;
  record::RankResult result_;
};

}  // namespace

record::RankResult run_load_worker(const config::CellConfig& cell, comm::Communicator& world,
                                   const WorkerOptions& options) {
  return LoadWorker(cell, world, options).run();
}

}  // namespace moebench::train
