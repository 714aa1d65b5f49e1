// These test what a worker counts of a run, against data sets whose numbers are known beforehand.
#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "harness/base/file.h"
#include "harness/comm/communicator.h"
#include "harness/measure/phases.h"
#include "harness/testing/models.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/forwarding_communicator_testing.h"
#include "harness/train/small_cell_testing.h"
#include "harness/train/worker.h"

namespace moebench::train {
namespace {

using config::CellConfig;
using config::ExpertKernel;
using config::Parallelism;

// A text file of this rank's own with samples of these lengths, one a line.
class Text {
 public:
  explicit Text(const std::vector<std::size_t>& lengths) {
    std::string text;
    for (const std::size_t length : lengths) text += std::string(length, 'a') + "\n";
    write_file_atomically(path_, text);
  }
  ~Text() { std::filesystem::remove(path_); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  void use_in(CellConfig& cell) const {
    cell.data.source = config::DataSource::kText;
    cell.data.files = {path_.string()};
    cell.data.delimiter = "\n";
  }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("moebench_accounting_" + std::to_string(::getpid()) + ".txt");
};

double value(const record::RankResult& result, const std::string& metric) {
  return result.metrics.at(metric).value.value();
}

double sum_over_ranks(const record::RankResult& result, const std::string& metric) {
  std::vector<double> sum = {value(result, metric)};
  world->all_reduce_sum(sum);
  return sum[0];
}

// Nobody asks for the GEMM rate here.
WorkerOptions quick_options() {
  WorkerOptions options;
  options.gemm_size = 64;
  return options;
}

record::RankResult run(const CellConfig& cell) {
  const record::RankResult result = run_worker(cell, *world, quick_options());
  EXPECT_EQ(result.disposition, record::Disposition::kOk) << result.message;
  return result;
}

// Every micro-batch is a whole epoch, so that its numbers do not depend on the order of samples.
TEST(Tokens, AreCountedExactlyOnEveryRank) {
  // The sample of 1 has nothing to predict and is left out, that of 30 is cut to 12.
  const Text text({3, 7, 1, 4, 30});
  CellConfig cell = small_cell();
  text.use_in(cell);
  cell.seq_len = 12;
  cell.micro_batch = 4;
  cell.grad_accumulation = 2;
  cell.steps = 3;
  const auto result = run(cell);
  const double micro_batches = 3 * 2;
  EXPECT_EQ(value(result, "real_tokens"), micro_batches * (3 + 7 + 4 + 12));
  EXPECT_EQ(value(result, "padding_tokens"), micro_batches * (4 * 12 - 26));
  EXPECT_EQ(value(result, "loss_tokens"), micro_batches * (2 + 6 + 3 + 11));
  EXPECT_EQ(sum_over_ranks(result, "real_tokens"), world->size() * micro_batches * 26);
  EXPECT_EQ(sum_over_ranks(result, "padding_tokens"), world->size() * micro_batches * 22);
  EXPECT_EQ(sum_over_ranks(result, "loss_tokens"), world->size() * micro_batches * 22);
}

// One epoch of 64 tokens, no step of it a warm-up: 8 samples as rows, or 4 packed rows of 16.
TEST(Tokens, PackedAndUnpackedRunsOfTheSameSamplesAgree) {
  const Text text({2, 4, 6, 8, 8, 10, 12, 14});
  CellConfig cell = small_cell();
  text.use_in(cell);
  cell.seq_len = 16;
  cell.warmup_steps = 0;
  cell.steps = 8 / world->size();
  const auto unpacked = run(cell);
  EXPECT_EQ(sum_over_ranks(unpacked, "real_tokens"), 64);
  EXPECT_EQ(sum_over_ranks(unpacked, "padding_tokens"), 0);
  EXPECT_EQ(sum_over_ranks(unpacked, "loss_tokens"), 64 - 8);

  cell.packing = true;
  cell.steps = 4 / world->size();
  const auto packed = run(cell);
  EXPECT_EQ(sum_over_ranks(packed, "real_tokens"), 64);
  EXPECT_EQ(sum_over_ranks(packed, "padding_tokens"), 0);
  EXPECT_EQ(sum_over_ranks(packed, "loss_tokens"), 64 - 4);
}

TEST(Memory, IsMeasuredInEachPhase) {
  CellConfig cell = small_cell();
  cell.steps = 1;
  const auto result = run(cell);
  EXPECT_EQ(value(result, "mem_peak"),
            std::max(value(result, "mem_peak_first_step"), value(result, "mem_peak_steady_step")));
  EXPECT_EQ(value(result, "mem_alloc"), value(result, "mem_alloc_steady_step"));
  EXPECT_EQ(value(result, "mem_alloc"), value(result, "mem_alloc_load"));
  EXPECT_GE(value(result, "mem_peak_load"), value(result, "mem_alloc_load"));
  EXPECT_GT(value(result, "mem_peak_first_step"), value(result, "mem_peak_load"));
  for (const std::string when : {"load", "end"}) {
    EXPECT_EQ(
        value(result, "rss_outside_" + when),
        value(result, "rss_" + when) - value(result, "rss_baseline") - value(result, "mem_alloc"));
  }
}

// Sums over ranks are as they should be in the timed pass, and then a little off in the cross
// entropy.
class Drifting : public ForwardingCommunicator {
 public:
  Drifting(comm::Communicator& group, const CellConfig& cell)
      : ForwardingCommunicator(group),
        num_sums_(static_cast<std::size_t>(3 + cell.model.num_layers)),
        exact_steps_(cell.warmup_steps + cell.steps) {}
  void all_reduce_sum(std::span<double> values) override {
    ForwardingCommunicator::all_reduce_sum(values);
    // A step sums these at its end: cross entropy, load balancing, gradients of layers and root.
    if (values.size() == num_sums_ && --exact_steps_ < 0) values[0] *= 1 + 1e-12;
  }

 private:
  std::size_t num_sums_;
  std::int64_t exact_steps_;
};

TEST(Memory, PassRepeatsTheLossesOfTheTimedPassBitForBit) {
  CellConfig cell = small_cell();
  cell.dtype = config::Dtype::kBf16;
  cell.steps = 2;
  cell.threads_per_rank = 3;
  run(cell);
  Drifting drifting(*world, cell);
  const auto result = run_worker(cell, drifting, quick_options());
  EXPECT_EQ(result.disposition, record::Disposition::kIncorrect);
  EXPECT_NE(result.message.find("step 1 of the memory pass has loss"), std::string::npos)
      << result.message;
}

TEST(Flops, RecomputationAddsToHardwareFlopsOnly) {
  CellConfig cell = small_cell();
  cell.steps = 1;
  const auto plain = run(cell);
  EXPECT_EQ(value(plain, "hardware_flops"), value(plain, "model_flops"));
  cell.activation_checkpointing = true;
  const auto recomputed = run(cell);
  EXPECT_EQ(value(recomputed, "model_flops"), value(plain, "model_flops"));
  // At most a third more: the layers' forward pass once again.
  EXPECT_GT(value(recomputed, "hardware_flops"), 1.2 * value(plain, "hardware_flops"));
  EXPECT_LT(value(recomputed, "hardware_flops"), 4.0 / 3 * value(plain, "hardware_flops"));
}

// Operations of libtorch that run within measured steps on this thread, by the phase that is on.
class CountOperations {
 public:
  CountOperations() {
    counting = this;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(&CountOperations::begin).scopes({at::RecordScope::FUNCTION}));
  }
  ~CountOperations() {
    at::removeCallback(handle_);
    counting = nullptr;
  }

  bool in_step = false;
  std::map<measure::Phase, std::set<std::string>> names;

 private:
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (counting->in_step) counting->names[measure::current_phase()].insert(function.name());
    return nullptr;
  }
  static inline CountOperations* counting = nullptr;
  at::CallbackHandle handle_;
};

// These may run outside the phases: views, and small tensors made for what follows.
const std::set<std::string> kBookkeeping = {
    "aten::as_strided", "aten::detach", "aten::empty", "aten::fill_", "aten::flatten",
    "aten::narrow",     "aten::select", "aten::slice", "aten::to",    "aten::view",
    "aten::zero_",      "aten::zeros",  "detach"};

// Checks by its operations that phases hold all of a step: none that computes runs outside them.
// How much of its time they hold would depend on what else the machine does.
void check_phases(const CellConfig& cell) {
  CountOperations operations;
  WorkerOptions options = quick_options();
  options.before_step = [&](std::int64_t step) { operations.in_step = step >= cell.warmup_steps; };
  options.stretch_step = [&](std::int64_t) { operations.in_step = false; };
  const auto result = run_worker(cell, *world, options);
  ASSERT_EQ(result.disposition, record::Disposition::kOk) << result.message;
  EXPECT_THAT(operations.names[measure::Phase::kOther], ::testing::IsSubsetOf(kBookkeeping));

  const auto& steps = result.metrics.at("step_time").samples;
  double sum_ns = 0;
  for (std::size_t i = 0; i < measure::kNumPhases; ++i) {
    const auto phase = static_cast<measure::Phase>(i);
    if (phase == measure::Phase::kCheckpoint) continue;
    if (is_of_some_models(phase) && cell.model.shared_intermediate_size == 0) continue;
    const double ns = value(result, std::string("phase_time_") + measure::to_string(phase));
    sum_ns += ns * static_cast<double>(steps.size());
    if (phase != measure::Phase::kOther) {
      EXPECT_GT(ns, 0) << measure::to_string(phase);
    }
  }
  // They are taken before a step's clock starts and after it stops.
  EXPECT_GE(sum_ns * (1 + 1e-9), std::accumulate(steps.begin(), steps.end(), 0.0));
}

TEST(Phases, OfFsdpAddUpToTheStep) {
  for (const ExpertKernel kernel : {ExpertKernel::kLoop, ExpertKernel::kGrouped}) {
    CellConfig cell = small_cell();
    cell.expert_kernel = kernel;
    cell.grad_accumulation = 2;
    check_phases(cell);
  }
}

TEST(Phases, OfDenseLayersAndSharedExpertsAddUpToTheStep) {
  CellConfig cell = small_cell();
  cell.model = tiny_gated_model();
  check_phases(cell);
}

TEST(Phases, OfExpertParallelAddUpToTheStep) {
  if (world->size() % 2 != 0) return;  // ep needs an even number of ranks
  for (const bool checkpointing : {false, true}) {
    CellConfig cell = small_cell();
    cell.parallelism = Parallelism::kEp;
    cell.ep_degree = 2;
    cell.activation_checkpointing = checkpointing;
    check_phases(cell);
  }
}

}  // namespace
}  // namespace moebench::train
