#include "harness/merge/merge.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "harness/record/metric_catalogue.h"
#include "harness/testing/fake_worker.h"

namespace moebench::merge {
namespace {

using record::CellRecord;
using record::Disposition;
using record::RankResult;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kSteps = 3;

config::CellConfig cell_of_two() {
  config::CellConfig cell;
  cell.model.num_layers = 1;
  cell.model.hidden_size = cell.model.intermediate_size = cell.model.vocab_size = 64;
  cell.model.num_experts = 4;
  cell.ranks = 2;
  cell.steps = kSteps;
  return cell;
}

RankResults good_ranks() { return {good_result(0, 2, kSteps), good_result(1, 2, kSteps)}; }

CellRecord merged(const RankResults& ranks, const Outcome& outcome = {}) {
  CellRecord record;
  merge(cell_of_two(), ranks, outcome, record);
  return record;
}

TEST(Merge, GoodRanksAreOk) {
  Outcome outcome;
  outcome.stderr_text = "a harmless note";
  const CellRecord record = merged(good_ranks(), outcome);
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message;
  EXPECT_EQ(record.message, "");
  EXPECT_EQ(record.stderr_tail, "");
}

TEST(Merge, TimesAreThoseOfTheSlowestRank) {
  RankResults ranks = good_ranks();
  ranks[0]->metrics["step_time"].samples = {100, 500, 100};
  ranks[1]->metrics["step_time"].samples = {200, 200, 400};
  const auto metrics = merged(ranks).metrics;
  EXPECT_THAT(metrics.at("step_time").samples, ElementsAre(200, 500, 400));
  EXPECT_EQ(metrics.at("step_time").value, 400);
  EXPECT_EQ(metrics.at("step_time").per_rank[1], 800.0 / 3);
  EXPECT_EQ(metrics.at("runtime").value, 1100);
  EXPECT_EQ(metrics.at("runtime").unit, "ns");
  EXPECT_EQ(metrics.at("first_step_time").value, 301);
}

TEST(Merge, RatesCountTokensOverTheRuntime) {
  // Runtime 3 x 200 ns; real tokens 10 and 20, padding 5 each.
  const auto metrics = merged(good_ranks()).metrics;
  EXPECT_DOUBLE_EQ(*metrics.at("tokens_per_second").value, 15 / 600e-9);
  EXPECT_DOUBLE_EQ(*metrics.at("tokens_per_second").per_rank[1], 20 / 600e-9);
  EXPECT_DOUBLE_EQ(*metrics.at("padded_tokens_per_second").value, 20 / 600e-9);
  EXPECT_DOUBLE_EQ(*metrics.at("global_tokens_per_second").value, 30 / 600e-9);
  EXPECT_EQ(metrics.at("real_tokens").value, 30);
}

TEST(Merge, GpuTimesAreMeansAndWhatGpusDidAddsUp) {
  RankResults ranks = good_ranks();
  for (int rank = 0; rank < 2; ++rank) {
    const auto set = [&](const char* name, double value) {
      record::Metric& metric = ranks[static_cast<std::size_t>(rank)]->metrics[name];
      metric.unit = record::metric_info(name).unit;
      metric.value = value + rank;
    };
    for (const char* name : {"gpu_busy_time", "gpu_idle_time", "gpu_unlaunched_time",
                             "gpu_launches", "gpu_launch_lead", "gpu_comm_time", "gpu_time.experts",
                             "gpu_exposed_comm_time", "gpu_idle.data"}) {
      set(name, 10);
    }
    for (const char* name : {"gpu_activity_calls.experts.a.b", "gpu_activity_time.experts.a.b",
                             "gpu_copy_bytes.memset", "gpu_allocations", "gpu_dropped_records"}) {
      set(name, 20);
    }
    ranks[static_cast<std::size_t>(rank)]->metrics["profile_gpu_step_time"] =
        record::Metric{.unit = "ns", .samples = {100.0 + rank, 90}};
  }
  for (const auto& [name, metric] : merged(ranks).metrics) {
    if (name == "profile_gpu_step_time") {
      EXPECT_THAT(metric.samples, ElementsAre(101, 90));
    } else if (name.starts_with("gpu_")) {
      EXPECT_EQ(metric.value, metric.per_rank[0] == 10.0 ? 10.5 : 41.0) << name;
    }
  }
}

TEST(Merge, MemoryIsOfTheLargestRankAndExpertRowsAddUp) {
  const auto metrics = merged(good_ranks()).metrics;
  EXPECT_EQ(metrics.at("mem_peak").value, 2001);
  EXPECT_THAT(metrics.at("mem_peak").per_rank, ElementsAre(2000, 2001));
  EXPECT_THAT(metrics.at("tokens_per_expert").samples, ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(metrics.at("tokens_per_expert").shape, ElementsAre(2, 2));
  EXPECT_EQ(metrics.at("tokens_per_expert").value, std::nullopt);
}

TEST(Merge, LoadIsDescribedByLayerForExpertsAndRanks) {
  RankResults ranks = good_ranks();
  ranks[0]->metrics["tokens_per_expert"].samples = {6, 0, 5, 5};
  ranks[1]->metrics["tokens_per_expert"].samples = {0, 2, 5, 5};
  for (auto& rank : ranks) rank->metrics["routed_rows"] = {.unit = "rows", .value = 14};
  const auto metrics = merged(ranks).metrics;
  EXPECT_EQ(metrics.at("routed_rows").value, 28);
  EXPECT_EQ(metrics.at("dropped_rows").value, 0);
  EXPECT_THAT(metrics.at("expert_imbalance").samples, ElementsAre(1.5, 1));
  EXPECT_EQ(metrics.at("expert_imbalance").value, 1.5);
  EXPECT_THAT(metrics.at("expert_load_cv").samples, ElementsAre(0.5, 0));
  EXPECT_THAT(metrics.at("rank_imbalance").samples, ElementsAre(1.5, 1));
  EXPECT_EQ(metrics.at("rank_load_cv").value, 0.5);
}

TEST(Merge, GemmShareOnlyWhereBothAreMeasured) {
  RankResults ranks = good_ranks();
  EXPECT_FALSE(merged(ranks).metrics.contains("gemm_share"));
  for (auto& rank : ranks) {
    rank->metrics["model_flops"] = {.unit = "FLOP", .value = 600.0 * (rank->rank + 1)};
    rank->metrics["gemm_flops_per_second"] = {.unit = "FLOP/s", .value = 4e9};
  }
  const auto metrics = merged(ranks).metrics;
  EXPECT_DOUBLE_EQ(*metrics.at("model_flops_per_second").value, 1.5e9);
  EXPECT_DOUBLE_EQ(*metrics.at("gemm_share").per_rank[1], 0.5);
  EXPECT_DOUBLE_EQ(*metrics.at("gemm_share").value, 0.375);
  EXPECT_FALSE(metrics.contains("hardware_gemm_share"));
}

TEST(Merge, RecomputedFlopsHaveAShareOfTheirOwn) {
  RankResults ranks = good_ranks();
  for (auto& rank : ranks) {
    rank->metrics["hardware_flops"] = {.unit = "FLOP", .value = 800};
    rank->metrics["gemm_flops_per_second"] = {.unit = "FLOP/s", .value = 4e9};
  }
  const auto metrics = merged(ranks).metrics;
  EXPECT_EQ(metrics.at("hardware_flops").value, 1600);
  EXPECT_DOUBLE_EQ(*metrics.at("hardware_gemm_share").value, 800 / 600e-9 / 4e9);
}

TEST(Merge, TheMemoryEstimateStandsInEveryRecord) {
  for (const auto& record : {merged(good_ranks()), merged({std::nullopt, std::nullopt})}) {
    const auto& metrics = record.metrics;
    EXPECT_EQ(metrics.at("mem_estimate").unit, "bytes");
    double sum = 0;
    for (const char* part : {"alloc", "gathered", "activations", "step_gradients", "update"}) {
      sum += metrics.at(std::string("mem_estimate_") + part).value.value();
    }
    EXPECT_EQ(metrics.at("mem_estimate").value, sum);
  }
}

TEST(Merge, PhaseTimesAreMeansOverTheRanks) {
  RankResults ranks = good_ranks();
  ranks[0]->metrics["phase_time_gather"] = {.unit = "ns", .value = 10};
  EXPECT_FALSE(merged(ranks).metrics.contains("phase_time_gather"));
  ranks[1]->metrics["phase_time_gather"] = {.unit = "ns", .value = 30};
  const auto metric = merged(ranks).metrics.at("phase_time_gather");
  EXPECT_EQ(metric.unit, "ns");
  EXPECT_EQ(metric.value, 20);
  EXPECT_THAT(metric.per_rank, ElementsAre(10, 30));
}

TEST(Merge, UnknownMetricKeepsPerRankValuesAndIsAWarning) {
  RankResults ranks = good_ranks();
  for (auto& rank : ranks) rank->metrics["page_faults"] = {.unit = "1", .value = 7.0};
  const CellRecord record = merged(ranks);
  const auto metric = record.metrics.at("page_faults");
  EXPECT_THAT(metric.per_rank, ElementsAre(7, 7));
  EXPECT_EQ(metric.value, std::nullopt);
  EXPECT_THAT(record.warnings,
              ElementsAre(AllOf(HasSubstr("does not know"), EndsWith(": page_faults"))));
}

TEST(Merge, UnknownMetricOfOneRankAloneIsAWarningToo) {
  RankResults ranks = good_ranks();
  for (int i = 0; i < 8; ++i) {
    ranks[1]->metrics[fmt::format("new.{}", i)] = {.unit = "1", .value = 7.0};
  }
  const CellRecord record = merged(ranks);
  EXPECT_FALSE(record.metrics.contains("new.0"));
  EXPECT_THAT(record.warnings, ElementsAre(EndsWith("new.4, new.5 and 2 more")));
}

TEST(Merge, WhatIsComputedHereIsTakenOfNoRank) {
  RankResults ranks = good_ranks();
  for (auto& rank : ranks) rank->metrics["runtime"] = {.unit = "ns", .value = 1.0};
  const CellRecord record = merged(ranks);
  EXPECT_EQ(record.value("runtime"), 600);
  EXPECT_THAT(record.warnings, ElementsAre(EndsWith(": runtime")));
}

TEST(Merge, AnotherUnitIsAsIfNotMeasured) {
  RankResults ranks = good_ranks();
  ranks[1]->metrics["load_time"] = {.unit = "s", .value = 0.05};
  const CellRecord record = merged(ranks);
  EXPECT_EQ(record.message, "not measured, or not on every rank: load_time");
  EXPECT_THAT(record.warnings,
              ElementsAre("load_time is left out: rank 1 has it in 's', not in 'ns'"));
}

TEST(Merge, DifferentLossesAreIncorrect) {
  RankResults ranks = good_ranks();
  ranks[1]->metrics["loss"].samples[2] = 2.5000001;
  const CellRecord record = merged(ranks);
  EXPECT_EQ(record.disposition, Disposition::kIncorrect);
  EXPECT_THAT(record.message, HasSubstr("loss of step 3 differs"));
}

TEST(Merge, RanksThatLieOtherwiseThanTheCellSaysAreIncorrect) {
  config::CellConfig cell = cell_of_two();
  cell.nodes = 2;
  cell.ranks_per_node = 1;
  const auto message = [&](const char* first, const char* second) {
    RankResults ranks = good_ranks();
    ranks[0]->environment["host"] = first;
    ranks[1]->environment["host"] = second;
    CellRecord record;
    merge(cell, ranks, {}, record);
    EXPECT_EQ(record.disposition,
              record.message.empty() ? Disposition::kOk : Disposition::kIncorrect);
    return record.message;
  };
  EXPECT_EQ(message("a", "b"), "");
  EXPECT_EQ(message("a", "a"), "2 nodes x 1 ranks are wanted, but ranks 0-1 on 'a' ran");
  cell.nodes = 1;
  cell.ranks_per_node = 2;
  EXPECT_EQ(message("a", "a"), "");
  EXPECT_EQ(message("a", "b"),
            "1 nodes x 2 ranks are wanted, but rank 0 on 'a', rank 1 on 'b' ran");
}

TEST(Merge, NonFiniteLossIsIncorrect) {
  RankResults ranks = good_ranks();
  for (auto& rank : ranks) {
    rank->metrics["loss"].samples[0] = std::numeric_limits<double>::quiet_NaN();
  }
  const CellRecord record = merged(ranks);
  EXPECT_EQ(record.disposition, Disposition::kIncorrect);
  EXPECT_THAT(record.message, HasSubstr("not finite"));
}

TEST(Merge, MissingMetricIsNamed) {
  RankResults ranks = good_ranks();
  ranks[1]->metrics.erase("grad_norm");
  ranks[1]->metrics["mem_peak"].value.reset();
  const CellRecord record = merged(ranks);
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_EQ(record.message, "not measured, or not on every rank: mem_peak, grad_norm");
}

TEST(Merge, FewerStepsThanPlannedAreACrash) {
  RankResults ranks = {good_result(0, 2, 2), good_result(1, 2, 2)};
  EXPECT_EQ(merged(ranks).message, "2 steps were measured, 3 were asked for");
}

TEST(Merge, FirstStepTimeNeedsAWarmUp) {
  config::CellConfig cell = cell_of_two();
  cell.warmup_steps = 0;
  RankResults ranks = good_ranks();
  for (auto& rank : ranks) rank->metrics.erase("first_step_time");
  CellRecord record;
  merge(cell, ranks, {}, record);
  EXPECT_EQ(record.disposition, Disposition::kOk) << record.message;
}

TEST(Merge, CheckpointsTakeTheSlowestRankAndAddUpInBytes) {
  RankResults ranks = good_ranks();
  for (auto& rank : ranks) {
    rank->metrics["checkpoint_save_time"] = {.unit = "ns"};
    rank->metrics["checkpoint_bytes"] = {.unit = "bytes", .value = 100.0 + rank->rank};
    rank->metrics["checkpoint_load_time"] = {.unit = "ns", .value = 7.0 + rank->rank};
  }
  ranks[0]->metrics["checkpoint_save_time"].samples = {30, 50};
  ranks[1]->metrics["checkpoint_save_time"].samples = {40, 20};
  const auto metrics = merged(ranks).metrics;
  EXPECT_THAT(metrics.at("checkpoint_save_time").samples, ElementsAre(40, 50));
  EXPECT_EQ(metrics.at("checkpoint_save_time").value, 45);
  EXPECT_THAT(metrics.at("checkpoint_save_time").per_rank, ElementsAre(40, 30));
  EXPECT_EQ(metrics.at("checkpoint_bytes").value, 201);
  EXPECT_EQ(metrics.at("checkpoint_load_time").value, 8);
}

TEST(Merge, ACellThatSavesOrResumesMeasuresIt) {
  const auto message = [](const std::function<void(config::CellConfig&)>& change) {
    config::CellConfig cell = cell_of_two();
    change(cell);
    CellRecord record;
    merge(cell, good_ranks(), {}, record);
    return record.message;
  };
  EXPECT_THAT(message([](auto& cell) { cell.checkpoint_every = 2; }),
              HasSubstr("checkpoint_save_time, checkpoint_bytes"));
  EXPECT_EQ(message([](auto& cell) { cell.checkpoint_every = 99; }), "") << "no step to save after";
  EXPECT_THAT(message([](auto& cell) { cell.resume_from = "/c"; }),
              HasSubstr("checkpoint_load_time"));
}

TEST(Merge, MissingRankIsACrashWithItsStderr) {
  RankResults ranks = good_ranks();
  ranks[1].reset();
  Outcome outcome;
  outcome.exit_code = 137;
  outcome.stderr_text = "last words";
  const CellRecord record = merged(ranks, outcome);
  EXPECT_EQ(record.disposition, Disposition::kCrashed);
  EXPECT_THAT(
      record.message,
      AllOf(StartsWith("exit code 137, as after signal 9 (Killed); no result of rank 1 of 2: "),
            EndsWith(" (last lines: last words)")));
  EXPECT_EQ(record.stderr_tail, "last words");
  EXPECT_FALSE(record.metrics.contains("runtime"));
}

TEST(Merge, ExitCodeAloneIsACrash) {
  Outcome outcome;
  outcome.exit_code = 1;
  EXPECT_EQ(merged(good_ranks(), outcome).disposition, Disposition::kCrashed);
}

TEST(Merge, WhatARankSaysGoesFirst) {
  RankResults ranks = good_ranks();
  ranks[0]->disposition = Disposition::kCrashed;
  ranks[0]->message = "lost a peer";
  ranks[1]->disposition = Disposition::kOutOfMemory;
  ranks[1]->message = "cannot allocate 4 GB";
  Outcome outcome;
  outcome.exit_code = 1;
  outcome.timed_out = "ended after the time limit of 9 s";
  const CellRecord record = merged(ranks, outcome);
  EXPECT_EQ(record.disposition, Disposition::kOutOfMemory);
  EXPECT_EQ(record.message, "rank 1: cannot allocate 4 GB");
}

TEST(Merge, TimeLimitAndMemoryKillGoBeforeACrash) {
  RankResults ranks = good_ranks();
  ranks[1].reset();
  ranks[0]->disposition = Disposition::kCrashed;
  Outcome outcome;
  outcome.exit_code = 137;
  EXPECT_THAT(merged(ranks, outcome).message,
              StartsWith("rank 0: crashed; exit code 137, as after signal 9 (Killed); no result of "
                         "rank 1 of 2: "));
  outcome.killed_for_memory = true;
  EXPECT_EQ(merged(ranks, outcome).disposition, Disposition::kOutOfMemory);
  outcome.timed_out = "no progress for 2.5 s";
  outcome.stdout_text = "progress: phase=load step=1 of=2\nMPI waits\n";
  outcome.log_folder = "/r/0";
  EXPECT_EQ(merged(ranks, outcome).message,
            "no progress for 2.5 s (last lines: MPI waits; log: /r/0/stderr, /r/0/stdout)");
}

TEST(Merge, AThrottledGpuMarksTheRecord) {
  RankResults ranks = good_ranks();
  for (auto& rank : ranks) {
    const int n = rank->rank;
    rank->metrics["gpu_sm_clock"] = {.unit = "Hz", .value = 1e9 * (2 - n)};
    rank->metrics["gpu_power"] = {.unit = "W", .value = 300.0 + 100 * n};
    rank->metrics["gpu_power_limit"] = {.unit = "W", .value = 700.0 - 100 * n};
    rank->metrics["gpu_throttled"] = {.unit = "1", .value = n};
  }
  ranks[1]->environment["gpu_throttle_reasons"] = "sw_power_cap";
  const CellRecord record = merged(ranks);
  EXPECT_EQ(record.disposition, Disposition::kOk);
  EXPECT_THAT(record.warnings, ElementsAre(HasSubstr("the GPU of rank 1 was throttled")));
  EXPECT_EQ(record.value("gpu_sm_clock"), 1e9);
  EXPECT_EQ(record.value("gpu_power"), 350);
  EXPECT_EQ(record.value("gpu_power_limit"), 600);
  EXPECT_EQ(record.value("gpu_throttled"), 1);
}

}  // namespace
}  // namespace moebench::merge
