#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/launch/display.h"
#include "harness/launch/launcher.h"
#include "harness/launch/process.h"
#include "harness/record/session.h"

namespace moebench::session {

struct PairedCell {
  config::CellConfig base;
  config::CellConfig candidate;
};

// Runs of cells in pairs, base and candidate one after the other in random order.
struct PairSession {
  std::filesystem::path folder;
  record::Session plan;  // its cells and seed are filled in by run_pairs
  std::vector<PairedCell> cells;
  std::filesystem::path base_worker;
  std::filesystem::path candidate_worker;
  std::filesystem::path
      calibration;  // results folder that is copied into the session; may be empty
  launch::LauncherChoice launcher = {};
  bool force = false;  // starts what does not fit into memory as well
  bool fresh = false;
  bool extend = false;  // by the next look that was set beforehand (record::Session::later_looks)
  std::string command_line;
  std::ostream* progress = nullptr;  // shows the runs as they go; nullptr: nothing is shown
  bool is_terminal = false;          // what `progress` writes to
  launch::Verbosity verbosity = launch::Verbosity::kNormal;
  // What is added to the environment of a run's ranks.
  std::function<launch::EnvironmentVariables(const config::CellConfig&, record::Arm)> environment =
      [](const config::CellConfig&, record::Arm) { return launch::EnvironmentVariables{}; };
  // By how much a run is slowed down from outside, for tests of the gate.
  std::function<double(const config::CellConfig&, record::Arm)> slowdown =
      [](const config::CellConfig&, record::Arm) { return 0.0; };
};

enum class PairsEnd { kComplete, kCellFailed, kInterrupted };

// Runs what the plan still lacks, look by look; after each but the last it judges, and ends where
// more pairs would decide nothing. A pair whose telemetry breaks a rule is run again, up to twice
// the pairs planned; a cell that failed is not. kCellFailed: one did, and that is not a known
// failure. Error where the folder holds another session or other results, or a session that cannot
// be extended shall be.
PairsEnd run_pairs(PairSession session);

// Folder in a session's folder that holds its copy of the calibration.
inline constexpr const char* kCalibrationFolder = "calibration";

}  // namespace moebench::session
