#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/config/cell.h"
#include "harness/merge/merge.h"
#include "harness/record/record.h"
#include "harness/trainers/trainer_log.h"

namespace moebench::merge {

// What a run's log does not say itself.
struct RunFacts {
  std::int64_t world_size = 1;
  std::int64_t warmup_steps = 0;  // the first steps, which are not measured
  // Real tokens of a step of all ranks, where the configuration fixes them.
  std::optional<double> tokens_per_step{};
};
RunFacts run_facts(const config::CellConfig& cell);

// Metrics of the steps after warm-up, in the catalogue's terms, and warnings on what they mean.
// tokens/s is computed anew from tokens and step time where both are known; the trainer's own
// figure stands beside it, and where the two differ by more than 2 % a warning says so.
struct TrainerMetrics {
  record::Metrics metrics;
  std::vector<std::string> warnings;
  std::int64_t num_steps = 0;           // in the log, warm-up included
  std::int64_t num_measured_steps = 0;  // in the metrics
};
TrainerMetrics trainer_metrics(const trainers::TrainerLog& log, const RunFacts& facts);

// States in the environment what the numbers of the log mean: trainer_tokens_scope,
// trainer_tokens_window, trainer_time_window, trainer_padding, trainer_memory_kind,
// trainer_memory_rank, trainer_loss_scope, trainer_flops_basis.
void state_meaning(const trainers::Meaning& meaning, record::Environment& environment);

// A run's log as far as it could be read.
struct ReadLog {
  std::optional<trainers::TrainerLog> log{};  // nullopt with adapter `none`, or with a complaint
  std::string complaint{};                    // why there is none
};

// Fills disposition, message, stderr_tail, metrics and warnings of a record of another engine. ok =
// exit code 0 AND, but with adapter `none`, a log with as many steps as were asked for AND no loss
// that is not finite. What was read stands in the record whatever becomes of it.
void merge_trainer(const config::CellConfig& cell, const ReadLog& read, const Outcome& outcome,
                   record::CellRecord& record);

}  // namespace moebench::merge
