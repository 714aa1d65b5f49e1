#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/measure/torch/gemm_rate.h"
#include "harness/record/record.h"
#include "harness/train/checkpoints.h"
#include "harness/weights/parameters.h"

namespace moebench::train {

struct WorkerOptions {
  // Called on rank 0: phase ("probe", "load", "warmup", "steps", "save", "memory", "numerics",
  // "profile"), step from 1, steps in the phase, real tokens per second of this rank in the last
  // step (0 where there is none).
  std::function<void(const char* phase, std::int64_t step, std::int64_t num_steps,
                     double tokens_per_second)>
      progress = [](const char*, std::int64_t, std::int64_t, double) {};
  // Called on every rank before each step, counted from 0 over warm-up and measured steps.
  std::function<void(std::int64_t step)> before_step = [](std::int64_t) {};
  // Called at the end of each measured step, its time so far given; what it takes counts as the
  // step's. For tests.
  std::function<void(std::int64_t elapsed_ns)> stretch_step = [](std::int64_t) {};
  // Stands between seeded initial weights and the engine; for tests.
  using Source = std::unique_ptr<weights::ParameterSource>;
  std::function<Source(Source)> adapt_source = [](Source source) { return source; };
  // The matrices that the GEMM rate is measured with; tests of other things take small ones.
  std::int64_t gemm_size = measure::kGemmSize;
  // The driver knows the GEMM rate of ranks like these: it is not measured again.
  bool gemm_rate_is_known = false;
  // A profile leaves its files here, in a folder that all ranks see.
  std::filesystem::path profile_folder = ".";
  SaveOptions save;  // how checkpoints are saved where the cell asks for them
};

// Runs one repetition of a cell on this rank: measure the GEMM rate (where it is not known), load,
// warm up, timed steps with checkpoints saved between them, then a second run of the first steps
// from the same initial state for memory alone, where the cell asks for them a third from perturbed
// weights, which shows what rounding does, and a fourth for its profile. Collective over `world`.
// Metrics: see harness/record/schema.md. The result is `incorrect` where a loss is not finite or
// the second run's losses differ from the first's.
record::RankResult run_worker(const config::CellConfig& cell, comm::Communicator& world,
                              const WorkerOptions& options);

}  // namespace moebench::train
