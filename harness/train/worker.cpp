#include "harness/train/worker.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/config/memory_estimate.h"
#include "harness/data/data_set.h"
#include "harness/measure/clock.h"
#include "harness/measure/gemm_rate.h"
#include "harness/measure/memory.h"
#include "harness/model/forced_routing.h"
#include "harness/train/engine.h"
#include "harness/weights/parameters.h"

namespace moebench::train {
namespace {

record::Metric scalar(const char* unit, double value) {
  record::Metric metric;
  metric.unit = unit;
  metric.value = value;
  return metric;
}

record::Metric series(const char* unit, std::vector<double> samples) {
  record::Metric metric;
  metric.unit = unit;
  metric.samples = std::move(samples);
  return metric;
}

// What a rank's micro-batches hold, counted where the engine consumes them.
struct Consumed {
  std::int64_t real = 0;
  std::int64_t padding = 0;
  std::int64_t loss = 0;
  double model_flops = 0;  // of the real tokens, each row with its own length

  void add(const data::MicroBatch& batch, const config::ModelConfig& model) {
    real += batch.real_tokens();
    padding += batch.padding_tokens();
    loss += batch.loss_tokens();
    for (const std::int64_t length : batch.lengths) {
      model_flops += config::model_flops_per_sequence(model, length);
    }
  }
};

// One run of the first `num_steps` steps of a cell from its initial weights.
class Run {
 public:
  Run(const config::CellConfig& cell, comm::Communicator& world, const data::DataSet& data,
      const WorkerOptions& options, Engine::BufferCaching caching)
      : cell_(cell), world_(world), data_(data), engine_(cell, world, caching) {
    auto source = cell.load_from.empty()
                      ? weights::seeded_source(cell.seed, cell.model.initializer_range)
                      : weights::checkpoint_source(cell.load_from, cell.model);
    engine_.load(*options.adapt_source(std::move(source)));
  }

  // The next step, data included; what it trains on is added to `consumed`.
  StepResult step(Consumed& consumed) {
    std::vector<data::MicroBatch> batches;
    for (std::int64_t i = 0; i < cell_.grad_accumulation; ++i) {
      batches.push_back(data_.micro_batch(next_step_, i * cell_.ranks + world_.rank()));
      consumed.add(batches.back(), cell_.model);
    }
    ++next_step_;
    return engine_.step(batches);
  }

  Engine& engine() { return engine_; }

 private:
  const config::CellConfig& cell_;
  comm::Communicator& world_;
  const data::DataSet& data_;
  Engine engine_;
  std::int64_t next_step_ = 0;
};

class Worker {
 public:
  Worker(const config::CellConfig& cell, comm::Communicator& world, const WorkerOptions& options)
      : cell_(cell), world_(world), options_(options), data_(data::open_data_set(cell)) {
    result_.rank = world.rank();
    result_.world_size = world.size();
  }

  record::RankResult run() {
    describe_environment();
    world_.barrier();
    const auto dtype = cell_.dtype == config::Dtype::kBf16 ? at::kBFloat16 : at::kFloat;
    result_.metrics["gemm_flops_per_second"] =
        scalar("FLOP/s", measure::gemm_flops_per_second(dtype));
    timed_pass();
    if (result_.disposition == record::Disposition::kOk) memory_pass();
    return std::move(result_);
  }

 private:
  void describe_environment() {
    record::Environment& environment = result_.environment;
    environment["torch_version"] = TORCH_VERSION;
    environment["mpi_version"] = comm::mpi_library_version();
    environment["torch_threads"] = std::to_string(at::get_num_threads());
    environment["cpu_capability"] = at::get_cpu_capability();
  }

  void progress(const char* phase, std::int64_t step, std::int64_t of, double tokens_per_second) {
    if (world_.rank() == 0) options_.progress(phase, step, of, tokens_per_second);
  }

  void timed_pass() {
    progress("load", 0, 1, 0);
    world_.barrier();
    const measure::Stopwatch load_watch;
    Run run(cell_, world_, *data_, options_, Engine::BufferCaching::kOn);
    world_.barrier();
    result_.metrics["load_time"] = scalar("ns", static_cast<double>(load_watch.elapsed_ns()));
    warm_up(run);
    run.engine().take_routing_counts();
    measured_steps(run);
    if (const auto rss = measure::peak_rss_bytes()) {
      result_.metrics["rss_peak"] = scalar("bytes", static_cast<double>(*rss));
    }
  }

  void warm_up(Run& run) {
    for (std::int64_t i = 0; i < cell_.warmup_steps; ++i) {
      options_.before_step(i);
      Consumed consumed;
      const measure::Stopwatch watch;
      first_losses_.push_back(run.step(consumed).loss);
      const std::int64_t elapsed = watch.elapsed_ns();
      if (i == 0) result_.metrics["first_step_time"] = scalar("ns", static_cast<double>(elapsed));
      progress("warmup", i + 1, cell_.warmup_steps, rate(consumed.real, elapsed));
    }
  }

  void measured_steps(Run& run) {
    std::vector<double> step_time_ns, loss, grad_norm;
    Consumed total;
    for (std::int64_t i = 0; i < cell_.steps; ++i) {
      options_.before_step(cell_.warmup_steps + i);
      const std::int64_t real_before = total.real;
      const measure::Stopwatch watch;
      const StepResult step = run.step(total);
      const std::int64_t elapsed = watch.elapsed_ns();
      step_time_ns.push_back(static_cast<double>(elapsed));
      loss.push_back(step.loss);
      grad_norm.push_back(step.grad_norm);
      if (!std::isfinite(step.loss) || !std::isfinite(step.grad_norm)) {
        incorrect(fmt::format("loss {} and gradient norm {} at measured step {}", step.loss,
                              step.grad_norm, i + 1));
      }
      progress("steps", i + 1, cell_.steps, rate(total.real - real_before, elapsed));
    }
    first_losses_.push_back(loss.front());
    auto& metrics = result_.metrics;
    metrics["step_time"] = series("ns", std::move(step_time_ns));
    metrics["loss"] = series("1", std::move(loss));
    metrics["grad_norm"] = series("1", std::move(grad_norm));
    metrics["real_tokens"] = scalar("tokens", static_cast<double>(total.real));
    metrics["padding_tokens"] = scalar("tokens", static_cast<double>(total.padding));
    metrics["loss_tokens"] = scalar("tokens", static_cast<double>(total.loss));
    metrics["model_flops"] = scalar("FLOP", total.model_flops);
    routing(run.engine().take_routing_counts());
  }

  void routing(const RoutingCounts& counts) {
    const auto& rows = counts.tokens_per_expert;
    record::Metric experts = series("rows", {rows.begin(), rows.end()});
    experts.shape = {cell_.model.num_layers, cell_.model.num_experts};
    result_.metrics["tokens_per_expert"] = std::move(experts);
    result_.metrics["routed_rows"] = scalar("rows", static_cast<double>(counts.routed_rows));
    result_.metrics["padded_rows"] = scalar("rows", static_cast<double>(counts.padded_rows));
    if (const auto forced = model::make_forced_routing(cell_)) check_histogram(*forced, counts);
  }

  // The rows that the experts of all ranks computed in the measured steps must be those that the
  // forced routing chose for all ranks' tokens.
  void check_histogram(const model::ForcedRouting& forced, const RoutingCounts& counts) {
    std::vector<std::int64_t> chosen(counts.tokens_per_expert.size());
    for (std::int64_t step = cell_.warmup_steps; step < cell_.warmup_steps + cell_.steps; ++step) {
      for (std::int64_t i = 0; i < cell_.grad_accumulation; ++i) {
        const auto batch = data_->micro_batch(step, i * cell_.ranks + world_.rank());
        model::count_choices(forced, cell_.model,
                             {batch.first_row, batch.num_samples, batch.length}, chosen);
      }
    }
    std::vector<double> difference;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      difference.push_back(static_cast<double>(counts.tokens_per_expert[i] - chosen[i]));
    }
    world_.all_reduce_sum(difference);
    const auto wrong = std::ranges::find_if(difference, [](double rows) { return rows != 0; });
    if (wrong == difference.end()) return;
    const auto place = wrong - difference.begin();
    incorrect(fmt::format("expert {} of layer {} computed {:+} rows against its routing",
                          place % cell_.model.num_experts, place / cell_.model.num_experts,
                          *wrong));
  }

  // Memory metrics slow a run, so they have one of their own: the same steps again, far enough to
  // see a steady step, with nothing kept between steps but what a rank must keep.
  void memory_pass() {
    measure::TensorMemoryTracker tracker;
    const auto num_steps = std::min<std::int64_t>(2, std::ssize(first_losses_));
    Run run(cell_, world_, *data_, options_, Engine::BufferCaching::kOff);
    tracker.reset_peak();
    for (std::int64_t i = 0; i < num_steps; ++i) {
      Consumed consumed;
      check_same_loss(i, run.step(consumed).loss);
      progress("memory", i + 1, num_steps, 0);
    }
    result_.metrics["mem_alloc"] = scalar("bytes", static_cast<double>(tracker.live_bytes()));
    result_.metrics["mem_peak"] = scalar("bytes", static_cast<double>(tracker.peak_bytes()));
  }

  // A race or a buffer used too early shows as a loss that moves from run to run.
  void check_same_loss(std::int64_t step, double loss) {
    const double before = first_losses_[static_cast<std::size_t>(step)];
    const double bound = cell_.dtype == config::Dtype::kFp32 ? 1e-5 : 1e-2;
    if (std::abs(loss - before) <= bound * std::abs(before)) return;
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
  std::unique_ptr<data::DataSet> data_;
  record::RankResult result_;
  std::vector<double> first_losses_;  // of the warm-up and the first measured step
};

}  // namespace

record::RankResult run_worker(const config::CellConfig& cell, comm::Communicator& world,
                              const WorkerOptions& options) {
  at::set_num_threads(static_cast<int>(cell.threads_per_rank));
  return Worker(cell, world, options).run();
}

}  // namespace moebench::train
