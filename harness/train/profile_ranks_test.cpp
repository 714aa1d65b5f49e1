// These test the profile of real training on real ranks against what is known beforehand.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/comm/agreement.h"
#include "harness/estimate/memory_estimate.h"
#include "harness/measure/phases.h"
#include "harness/partition/partition.h"
#include "harness/profile/gpu/summary.h"
#include "harness/profile/gpu/trace_rules_testing.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/profile_metrics.h"
#include "harness/train/small_cell_testing.h"
#include "harness/train/worker.h"

namespace moebench::train {
namespace {

using config::CellConfig;
using config::Parallelism;
using config::Profile;
using nlohmann::json;

CellConfig profiled_cell(Profile profile) {
  CellConfig cell = small_cell();
  cell.seq_len = 64;
  cell.packing = true;  // rows of exactly seq_len tokens
  cell.micro_batch = 2;
  cell.steps = 3;
  cell.profile = profile;
  cell.check_numerics = false;
  return cell;
}

CellConfig ep_cell(Profile profile) {
  CellConfig cell = profiled_cell(profile);
  cell.parallelism = Parallelism::kEp;
  cell.ep_degree = std::min(world->size(), 4);
  return cell;
}

record::RankResult run(const CellConfig& cell, WorkerOptions options = {}) {
  options.gemm_size = 64;
  const auto result = run_worker(cell, *world, options);
  EXPECT_EQ(result.disposition, record::Disposition::kOk) << result.message;
  return result;
}

double value(const record::RankResult& result, const std::string& metric) {
  const auto found = result.metrics.find(metric);
  return found == result.metrics.end() ? 0 : found->second.value.value();
}

// Sums all metrics with these ends.
double total(const record::RankResult& result, const std::string& prefix,
             const std::string& suffix = "") {
  double sum = 0;
  for (const auto& [name, metric] : result.metrics) {
    if (name.starts_with(prefix) && name.ends_with(suffix)) sum += metric.value.value();
  }
  return sum;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double sum_over_ranks(double mine) {
  std::vector<double> sum = {mine};
  world->all_reduce_sum(sum);
  return sum[0];
}

// A folder that all ranks see; rank 0 makes and removes it.
class SharedFolder {
 public:
  SharedFolder() {
    if (world->rank() == 0) folder_ = std::make_unique<TemporaryFolder>();
    path_ = comm::all_gather_text(*world, folder_ ? folder_->path().string() : "")[0];
  }
  ~SharedFolder() { world->barrier(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::unique_ptr<TemporaryFolder> folder_;
  std::filesystem::path path_;
};

TEST(Profile, NoneLeavesNothing) {
  const auto result = run(profiled_cell(Profile::kNone));
  EXPECT_EQ(total(result, "profile"), 0);
  EXPECT_FALSE(result.environment.contains("profile"));
}

TEST(Profile, PhasesAndOperationsAddUpToTheStep) {
  const SharedFolder folder;
  for (const CellConfig& cell : {profiled_cell(Profile::kOps), ep_cell(Profile::kOps)}) {
    WorkerOptions options;
    options.profile_folder = folder.path();
    const auto result = run(cell, options);
    EXPECT_EQ(result.environment.at("profile"), "ops");
    // Phases and operations are taken from before a step's clock starts until after it stops, and
    // a busy machine may take any time in between.
    const double step = mean(result.metrics.at("profile_phases_step_time").samples);
    EXPECT_GE(total(result, "profile_phase.") * (1 + 1e-9), step);
    const double profiled = mean(result.metrics.at("profile_ops_step_time").samples);
    EXPECT_GE(total(result, "op_own_time.") * (1 + 1e-9), profiled);
    EXPECT_EQ(result.metrics.at("profile_plain_step_time").samples.size(), 3u);
    // By the one or the other, as experts have many or few rows.
    EXPECT_GT(value(result, "op_calls.experts.aten::mm") +
                  value(result, "op_calls.experts.moebench::grouped_mlp"),
              0);
    EXPECT_GT(value(result, "op_calls.experts_backward.aten::mm") +
                  value(result, "op_calls.experts_backward.moebench::grouped_mlp_backward"),
              0);
    EXPECT_EQ(value(result, "op_calls.optimizer.moebench::adamw"),
              cell.parallelism == Parallelism::kEp && world->size() > 1 ? 5 : 3);  // one a unit
    EXPECT_GT(value(result, "moved_bytes.moebench::permute_rows"), 0);
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "profile.pstats"));
  }
}

// Per micro-step each layer is gathered twice and reduced once, the root gathered once a step: each
// time (N - 1) / N of its bytes leave a rank.
TEST(Profile, FsdpSendsWhatTheFormulaSays) {
  const int n = world->size();
  CellConfig cell = profiled_cell(Profile::kPhases);
  cell.grad_accumulation = 2;
  const auto result = run(cell);
  const partition::Partition partition(cell, world->rank());
  const auto slice_bytes = [](const partition::Unit& unit) {
    return 4.0 * static_cast<double>(unit.slice_elements);
  };
  double layers = 0;
  for (std::int64_t i = 0; i < cell.model.num_layers; ++i) {
    layers += slice_bytes(partition.layer(i).front());
  }
  const double root = slice_bytes(partition.root());
  EXPECT_EQ(total(result, "collective.all_gather.", ".wire_bytes"),
            n == 1 ? 0 : (n - 1) * (2 * 2 * layers + root));
  EXPECT_EQ(total(result, "collective.reduce_scatter.", ".wire_bytes"),
            n == 1 ? 0 : (n - 1) * 2 * (layers + root));
  EXPECT_EQ(total(result, "collective.all_gather.", ".bus_bytes"),
            total(result, "collective.all_gather.", ".wire_bytes"));
}

// The same leaves a rank within each group of 2 ranks; then each slice is summed over its 2
// replicas, and half of its bytes leave a rank twice.
TEST(Profile, HsdpSendsWhatTheFormulaSays) {
  if (world->size() != 4) GTEST_SKIP() << "two groups of two ranks";
  CellConfig cell = profiled_cell(Profile::kPhases);
  cell.parallelism = Parallelism::kHsdp;
  cell.shard_degree = 2;
  cell.grad_accumulation = 2;
  const auto result = run(cell);
  const partition::Partition partition(cell, world->rank());
  double layers = 0;
  for (std::int64_t i = 0; i < cell.model.num_layers; ++i) {
    layers += 4.0 * static_cast<double>(partition.layer(i).front().slice_elements);
  }
  const double root = 4.0 * static_cast<double>(partition.root().slice_elements);
  EXPECT_DOUBLE_EQ(total(result, "collective.all_gather.", ".wire_bytes"), 2 * 2 * layers + root);
  EXPECT_DOUBLE_EQ(total(result, "collective.reduce_scatter.", ".wire_bytes"), 2 * (layers + root));
  // Sums of numbers lie in a class of sizes of their own.
  EXPECT_DOUBLE_EQ(total(result, "collective.all_reduce.1MiB.", ".wire_bytes"),
                   2 * (layers + root));
}

// Rows go to their experts and come back, and so do their gradients: four passes. Before each
// dispatch the ranks tell each other how many.
TEST(Profile, ExpertParallelSendsEveryRowFourTimes) {
  if (world->size() == 1) GTEST_SKIP() << "needs a peer";
  const CellConfig cell = ep_cell(Profile::kPhases);
  const auto result = run(cell);
  const auto layers = static_cast<double>(cell.model.num_layers);
  const double rows = static_cast<double>(cell.micro_batch * cell.seq_len * cell.model.top_k);
  const double counts = static_cast<double>(cell.model.num_experts * 8);
  const double expected = world->size() * layers *
                          (4 * rows * static_cast<double>(cell.model.hidden_size) * 4 + counts);
  EXPECT_NEAR(sum_over_ranks(total(result, "collective.all_to_all.", ".bytes")), expected, 1);
}

// Returns what the others wait for a rank that is late by `delay_ns` a step: of each rank, by rank.
std::vector<double> skew_of_ranks(int late, double delay_ns) {
  WorkerOptions options;
  options.before_step = [&](std::int64_t) {
    if (world->rank() == late) {
      std::this_thread::sleep_for(std::chrono::nanoseconds(static_cast<std::int64_t>(delay_ns)));
    }
  };
  const auto result = run(profiled_cell(Profile::kPhases), options);
  const double mine = value(result, "collective_skew");
  EXPECT_NEAR(sum_over_ranks(mine), sum_over_ranks(value(result, "collective_wait")),
              1e-6 * sum_over_ranks(mine) + world->size());
  std::vector<double> skew(static_cast<std::size_t>(world->size()));
  world->all_gather(&mine, skew.data(), sizeof mine);
  return skew;
}

TEST(Profile, NamesTheRankThatTheOthersWaitFor) {
  if (world->size() == 1) GTEST_SKIP() << "needs a peer";
  const int late = world->size() - 1;
  // A busy machine can make another rank wait for longer; not for any delay.
  for (const double delay_ns : {50e6, 400e6, 3.2e9}) {
    const std::vector<double> skew = skew_of_ranks(late, delay_ns);
    const bool is_named =
        std::ranges::max_element(skew) - skew.begin() == late && skew.back() > late * delay_ns / 2;
    if (is_named) return;
  }
  FAIL() << "another rank is named for each delay";
}

TEST(Profile, NamesWhatIsAliveAtThePeak) {
  const auto result = run(profiled_cell(Profile::kPhases));
  const estimate::MemoryEstimate estimate =
      estimate::estimate_memory(profiled_cell(Profile::kPhases));
  double peak = 0;
  for (std::size_t i = 0; i < measure::kNumPhases; ++i) {
    const std::string phase = measure::to_string(static_cast<measure::Phase>(i));
    peak = std::max(peak, total(result, "mem_in_phase." + phase + "."));
  }
  EXPECT_EQ(peak, value(result, "mem_peak_steady_step"));
  const auto kept = [&](const char* kind) {
    return value(result, std::string("mem_in_phase.experts_backward.") + kind);
  };
  EXPECT_EQ(kept("parameters"), static_cast<double>(estimate.parameters));
  EXPECT_EQ(kept("gradients"), static_cast<double>(estimate.gradients));
  EXPECT_EQ(kept("optimizer"), static_cast<double>(estimate.optimizer));
  EXPECT_EQ(kept("gathered") > 0, world->size() > 1);
  EXPECT_GT(kept("activations"), 0);
}

TEST(Profile, WritesWhatAGpuDidPerStep) {
  profile_gpu::GpuSummary gpu;
  gpu.activities[{"experts", "gemm"}] = {8, 600, 0};
  gpu.activities[{"experts", "memset"}] = {2, 20, 64};
  gpu.copies["memset"] = {2, 20, 64};
  gpu.idle_in_phase[static_cast<std::size_t>(measure::Phase::kData)] = 40;
  gpu.busy_ns = 500;
  gpu.unlaunched_ns = 60;
  gpu.launches = 10;
  gpu.launch_lead_ns = 700;
  gpu.dropped = 3;
  record::RankResult result;
  write_gpu(gpu, 2, result.metrics);
  EXPECT_EQ(value(result, "gpu_busy_time"), 250);
  EXPECT_EQ(value(result, "gpu_unlaunched_time"), 30);
  EXPECT_EQ(value(result, "gpu_launches"), 5);
  EXPECT_EQ(value(result, "gpu_launch_lead"), 70);  // of one of them
  EXPECT_EQ(value(result, "gpu_time.experts"), 310);
  EXPECT_EQ(value(result, "gpu_activity_calls.experts.gemm"), 4);
  EXPECT_EQ(value(result, "gpu_activity_time.experts.gemm"), 300);
  EXPECT_EQ(value(result, "gpu_idle.data"), 20);
  EXPECT_FALSE(result.metrics.contains("gpu_idle.experts"));
  EXPECT_EQ(value(result, "gpu_copy_bytes.memset"), 32);
  EXPECT_EQ(value(result, "gpu_dropped_records"), 3);  // of all steps
}

struct Slice {
  double begin, end;
};

// Slices of each lane, and the collectives by id.
struct Parsed {
  std::map<std::pair<int, int>, std::vector<Slice>> lanes;
  std::map<std::string, std::vector<Slice>> collectives;
  std::int64_t num_arrow_ends = 0;
};

Parsed parse(const json& document) {
  Parsed parsed;
  for (const json& event : document.at("traceEvents")) {
    const std::string ph = event.at("ph");
    if (ph == "X") {
      const Slice slice{event.at("ts"),
                        event.at("ts").get<double>() + event.at("dur").get<double>()};
      parsed.lanes[{event.at("pid"), event.at("tid")}].push_back(slice);
      if (event.at("cat") == "collective") {
        const json& args = event.at("args");
        const Slice whole{args.at("ready_us"), slice.end};
        parsed.collectives[args.at("id")].push_back(whole);
      }
    } else if (ph == "f") {
      ++parsed.num_arrow_ends;
    }
  }
  return parsed;
}

TEST(Profile, TracesAllRanksInOneFile) {
  const SharedFolder folder;
  WorkerOptions options;
  options.profile_folder = folder.path();
  run(ep_cell(Profile::kTrace), options);
  const json document = json::parse(read_file(folder.path() / "trace.json"));
  const Parsed parsed = parse(document);
  EXPECT_EQ(
      std::ranges::count_if(parsed.lanes, [](const auto& lane) { return lane.first.second == 2; }),
      world->size());
  EXPECT_EQ(profile_gpu::test::broken_trace_rules(document.at("traceEvents")),
            std::vector<std::string>());
  EXPECT_EQ(document.at("arrowsLeftOut"), 0);  // one clock, and every rank sends to every other
  EXPECT_EQ(parsed.collectives.empty(), world->size() == 1);
  std::int64_t num_arrows = 0;
  for (const auto& [id, slices] : parsed.collectives) {
    ASSERT_GT(slices.size(), 1u) << id;
    num_arrows += std::ssize(slices) - 1;
    double last_begin = slices[0].begin, first_end = slices[0].end;
    for (const Slice& slice : slices) {
      last_begin = std::max(last_begin, slice.begin);
      first_end = std::min(first_end, slice.end);
    }
    EXPECT_LE(last_begin, first_end) << id;  // no rank is through before all are there
  }
  EXPECT_EQ(parsed.num_arrow_ends, num_arrows);
  // Analysis tools look for this, with the space.
  const std::string own =
      read_file(folder.path() / ("trace_rank_" + std::to_string(world->rank()) + ".json"));
  EXPECT_NE(own.find("\"rank\": " + std::to_string(world->rank())), std::string::npos);
  EXPECT_NE(own.find("ProfilerStep#1"), std::string::npos);
}

}  // namespace
}  // namespace moebench::train
