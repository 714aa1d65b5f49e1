#include "harness/train/worker.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/comm/device_communicator.h"
#include "harness/data/data_set.h"
#include "harness/data/encoded_text.h"
#include "harness/device/device.h"
#include "harness/machine/process_memory.h"
#include "harness/measure/clock.h"
#include "harness/measure/torch/gemm_rate.h"
#include "harness/model/dtype.h"
#include "harness/probe/network.h"
#include "harness/record/put_metric.h"
#include "harness/train/gpu_watch.h"
#include "harness/train/load_weights.h"
#include "harness/train/measured_steps.h"
#include "harness/train/memory_pass.h"
#include "harness/train/numerics.h"
#include "harness/train/periodic_saver.h"
#include "harness/train/profile_metrics.h"
#include "harness/train/profile_pass.h"
#include "harness/train/routing_metrics.h"
#include "harness/train/run.h"

namespace moebench::train {
namespace {

constexpr std::size_t kMemorySteps = 2;  // far enough to see a steady step

// Says how far a step's loss may move from one run of the same steps to the next, relative. On a
// CPU every sum has its order, so that the bits are the same. A GPU adds by atomic operations, in
// another order every time, in the backward passes of attention and of the loop kernel
// (index_add_): the last bits of some parameters move behind the first update, no more than they do
// between two arms, which the parity tests bound by the same numbers.
double repetition_bound(const config::CellConfig& cell, const device::Place& place) {
  if (!place.is_cuda()) return 0;
  return cell.dtype == config::Dtype::kFp32 ? 1e-5 : 1e-3;
}

class Worker {
 public:
  Worker(const config::CellConfig& cell, comm::Communicator& world, const WorkerOptions& options)
      : cell_(cell),
        world_(world),
        options_(options),
        place_(device::choose(cell, world)),
        data_(data::open_data_set(cell)),
        inputs_{cell_, world_, *data_, options_, place_},
        saver_(cell, world, options.save) {
    result_.rank = world.rank();
    result_.world_size = world.size();
  }

  record::RankResult run() {
    describe_environment();
    if (const auto rss = machine::rss_bytes()) put(result_.metrics, "rss_baseline", *rss);
    world_.barrier();
    measure_gemm_rate();
    if (cell_.nodes > 1) {
      progress("probe", 0, 1, 0);
      probe::measure_network(world_, cell_.ranks_per_node, result_.metrics);
    }
    timed_pass();
    if (result_.disposition == record::Disposition::kOk) check_memory();
    if (result_.disposition == record::Disposition::kOk) profile();
    return std::move(result_);
  }

 private:
  void describe_environment() {
    record::Environment& environment = result_.environment;
    environment["torch_version"] = TORCH_VERSION;
    environment["mpi_version"] = comm::mpi_library_version();
    environment["torch_threads"] = std::to_string(at::get_num_threads());
    environment["cpu_capability"] = at::get_cpu_capability();
    environment["device"] = place_.is_cuda() ? "cuda" : "cpu";
    if (!place_.reason.empty()) environment["device_reason"] = place_.reason;
    const double weight = cell_.router_aux_loss_weight();
    environment["router_aux_loss"] = weight == 0 ? "off" : fmt::format("weight {}", weight);
    if (!cell_.model.dense_layers.empty()) {
      environment["dense_layers"] = fmt::format("{}", fmt::join(cell_.model.dense_layers, ","));
    }
    if (!cell_.load_from.empty() && cell_.resume_from.empty()) {
      environment["weights"] = weights::CheckpointFiles(cell_.load_from).description();
    }
    if (cell_.data.source != config::DataSource::kSynthetic) {
      const data::DataFacts facts = data_->facts();
      environment["data_samples"] = std::to_string(facts.num_samples);
      environment["data_tokens"] = std::to_string(facts.num_tokens);
      environment["data_unused_tokens"] = std::to_string(facts.num_unused_tokens);
      if (!cell_.data.encoded.empty()) {
        const data::EncodedText text(cell_.data.encoded);
        environment["data_encoder"] = text.encoder();
        environment["data_encoded_hash"] = text.key();
      }
    }
    if (place_.is_cuda() && world_.size() > 1) {
      const bool through_host = cell_.device_collectives == config::DeviceCollectives::kHost;
      environment["device_collectives"] = through_host ? "through the host" : comm::nccl_version();
    }
  }

  void measure_gemm_rate() {
    const auto dtype = model::scalar_type(cell_.dtype);
    const bool on_gpu = place_.is_cuda();
    if (options_.gemm_rate_is_known) {
      measure::prepare_gemm(at::TensorOptions().dtype(dtype).device(place_.device),
                            on_gpu ? measure::kGpuGemmSize : options_.gemm_size);
      if (on_gpu) device::synchronize(place_);
      return;
    }
    progress("probe", 0, 1, 0);
    put(result_.metrics, "gemm_flops_per_second",
        on_gpu ? measure::gpu_gemm_flops_per_second(dtype, place_.device,
                                                    [this] { device::synchronize(place_); })
               : measure::gemm_flops_per_second(dtype, options_.gemm_size));
  }

  void progress(const char* phase, std::int64_t step, std::int64_t of, double tokens_per_second) {
    if (world_.rank() == 0) options_.progress(phase, step, of, tokens_per_second);
  }

  void timed_pass() {
    progress("load", 0, 1, 0);
    if (!cell_.load_from.empty()) {
      put(result_.metrics, "page_cache_share", prepare_page_cache(cell_, world_));
    }
    world_.barrier();
    const measure::Stopwatch load_watch;
    Run run(inputs_, Engine::BufferCaching::kOn);
    world_.barrier();
    put(result_.metrics, "load_time", load_watch.elapsed_ns());
    if (!cell_.resume_from.empty()) {
      put(result_.metrics, "checkpoint_load_time", run.checkpoint_load_ns());
    }
    warm_up(run);
    run.engine().take_routing_counts();
    std::optional<GpuWatch> watch;
    if (place_.is_cuda()) watch.emplace(place_.pci_bus_id);
    measured_steps(run);
    if (watch) watch->write(result_);
    saver_.write(result_.metrics);
    if (const auto rss = machine::peak_rss_bytes()) {
      put(result_.metrics, "rss_peak", *rss);
    }
  }

  void warm_up(Run& run) {
    std::vector<double> times;
    for (std::int64_t i = 0; i < cell_.warmup_steps; ++i) {
      options_.before_step(i);
      Consumed consumed;
      const measure::Stopwatch watch;
      keep_loss(run.step(consumed).loss);
      const std::int64_t elapsed = watch.elapsed_ns();
      if (i == 0) put(result_.metrics, "first_step_time", elapsed);
      times.push_back(static_cast<double>(elapsed));
      progress("warmup", i + 1, cell_.warmup_steps, rate(consumed.real, elapsed));
      save_where_due(run);
    }
    if (!times.empty()) put_series(result_.metrics, "warmup_step_time", std::move(times));
  }

  void measured_steps(Run& run) {
    MeasuredSteps measured;
    measure::PhaseRecorder phases;
    measure::MessageRecorder messages;
    for (std::int64_t i = 0; i < cell_.steps; ++i) {
      options_.before_step(cell_.warmup_steps + i);
      const std::int64_t real_before = measured.consumed.real;
      phases.take();
      messages.take();
      const measure::Stopwatch watch;
      const StepResult step = run.step(measured.consumed);
      options_.stretch_step(watch.elapsed_ns());
      const std::int64_t elapsed = watch.elapsed_ns();
      measured.add(step, elapsed, phases.take(), messages.take());
      keep_loss(step.loss);
      if (!std::isfinite(step.loss) || !std::isfinite(step.grad_norm)) {
        incorrect(fmt::format("loss {} and gradient norm {} at measured step {}", step.loss,
                              step.grad_norm, i + 1));
      }
      progress("steps", i + 1, cell_.steps, rate(measured.consumed.real - real_before, elapsed));
      save_where_due(run);
    }
    measured.write(result_.metrics);
    const RoutingCounts counts = run.engine().take_routing_counts();
    write_routing(counts, cell_.model, result_.metrics);
    const std::string complaint = check_routing(counts, inputs_, run.next_step() - cell_.steps);
    if (!complaint.empty()) incorrect(complaint);
  }

  void save_where_due(Run& run) {
    if (!saver_.is_due(run.engine())) return;
    progress("save", 0, 1, 0);
    saver_.save(run.engine(), run.next_step());
  }

  void keep_loss(double loss) {
    if (first_losses_.size() < kMemorySteps) first_losses_.push_back(loss);
  }

  void check_memory() {
    progress("memory", 0, 1, 0);
    MemoryPass pass = memory_pass(inputs_, std::ssize(first_losses_), result_.metrics);
    for (std::size_t i = 0; i < pass.losses.size(); ++i) check_same_loss(i, pass.losses[i]);
    memory_timeline_ = std::move(pass.timeline);
    if (!cell_.check_numerics || result_.disposition != record::Disposition::kOk) return;
    progress("numerics", 0, 1, 0);
    pass.numerics.write(result_.metrics);
    noise_pass(inputs_, pass.numerics, std::ssize(first_losses_), result_.metrics);
  }

  void profile() {
    if (cell_.profile == config::Profile::kNone) return;
    progress("profile", 0, 1, 0);
    result_.environment["profile"] = to_string(cell_.profile);
    write_memory_by_phase(memory_timeline_, result_.metrics);
    profile_pass(inputs_, options_.profile_folder, memory_timeline_, result_);
  }

  // A race or a buffer used too early shows as a loss that moves from run to run.
  void check_same_loss(std::size_t step, double loss) {
    const double before = first_losses_[step];
    if (std::abs(loss - before) <= repetition_bound(cell_, place_) * std::abs(before)) return;
    incorrect(fmt::format("step {} of the memory pass has loss {}, of the timed pass {}", step + 1,
                          loss, before));
  }

  void incorrect(std::string message) {
    if (result_.disposition != record::Disposition::kOk) return;
    result_.disposition = record::Disposition::kIncorrect;
    result_.message = std::move(message);
  }

  static double rate(std::int64_t tokens, std::int64_t elapsed_ns) {
    return static_cast<double>(tokens) * 1e9 / static_cast<double>(elapsed_ns);
  }

  const config::CellConfig& cell_;
  comm::Communicator& world_;
  const WorkerOptions& options_;
  device::Place place_;
  std::unique_ptr<data::DataSet> data_;
  PassInputs inputs_;
  PeriodicSaver saver_;
  record::RankResult result_;
  std::vector<measure::MemoryMoment> memory_timeline_;
  std::vector<double> first_losses_;  // of the first kMemorySteps, warm-up included
};

}  // namespace

record::RankResult run_worker(const config::CellConfig& cell, comm::Communicator& world,
                              const WorkerOptions& options) {
  at::set_num_threads(static_cast<int>(cell.threads_per_rank));
  config::CellConfig resolved = cell;
  if (!cell.resume_from.empty()) resolved.resume_from = resolve_resume_from(cell, world).string();
  return Worker(resolved, world, options).run();
}

}  // namespace moebench::train
