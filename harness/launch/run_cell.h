#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/launch/launcher.h"
#include "harness/launch/links.h"
#include "harness/launch/progress.h"
#include "harness/machine/environment.h"
#include "harness/record/record.h"

namespace moebench::launch {

struct RunCellOptions {
  std::filesystem::path results_folder;
  std::filesystem::path worker;
  LauncherChoice launcher = {};
  LaunchPlace place;
  std::shared_ptr<Links> links = {};  // of test hosts, shaped for the cell; null: there are none
  machine::MachineFacts machine;
  EnvironmentVariables environment = {};  // of the ranks, beside and over the launcher's
  bool gemm_rate_is_known = false;        // the ranks need not measure it
  double slowdown = 0;                    // of all that is started, from outside (ProcessOptions)
  std::function<void(const RankProgress&)> on_progress = {};
  std::function<void()> on_tick = {};  // several times a second
  // Where the repetition lies and what it starts, a line each.
  std::function<void(const std::string& line)> on_detail = {};
};

// Which program a cell starts, the worker or another engine: a hash, `worker_hash` of a record.
std::string program_hash(const config::CellConfig& cell, const std::filesystem::path& worker);

// The worker where a cell needs it, else an empty path. Checks the programs of other engines
// (check_engine).
std::filesystem::path find_programs(const std::vector<config::CellConfig>& cells);

// results_folder/cells/<id>/<repetition>, absolute.
std::filesystem::path repetition_folder(const std::filesystem::path& results_folder,
                                        const config::CellConfig& cell, int repetition);

// The scenarios that have a cell, as records hold them: those that a plan asks for, in their file's
// order, with what each compares its cells with.
std::vector<record::ScenarioPlace> scenario_places(const config::CellConfig& cell);

// Runs one repetition in a fresh folder of its own: cell.yaml, command.sh, stdout, stderr and
// rank_<r>.json. Ends them at the cell's time limit, and where they make no progress
// (progress_watch.h). Any end of the ranks gives a record with its disposition; nullopt only when
// interrupted. Error where the ranks cannot be started at all.
std::optional<record::CellRecord> run_cell(const config::CellConfig& cell, int repetition,
                                           const RunCellOptions& options);

}  // namespace moebench::launch
