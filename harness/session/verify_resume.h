#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "harness/launch/display.h"
#include "harness/launch/launcher.h"
#include "harness/session/resume_check.h"

namespace moebench::session {

// Runs that show whether cells resume to the same state.
struct ResumeSession {
  std::filesystem::path folder;
  std::vector<config::CellConfig> cells;
  std::optional<std::int64_t> steps_before;  // of the checkpoint; nullopt: half of them
  bool force = false;                        // starts what does not fit into memory as well
  launch::LauncherChoice launcher = {};
  std::string command_line;
  std::ostream* progress = nullptr;  // shows the runs as they go; nullptr: nothing is shown
  bool is_terminal = false;          // what `progress` writes to
  launch::Verbosity verbosity = launch::Verbosity::kNormal;
};

// Each cell's straight, saved and resumed run, as far as they succeed; cells share runs that are
// the same. A row a cell, nullopt when interrupted. Error where a cell cannot be cut, or the ranks
// cannot be started.
std::optional<std::vector<ResumeRow>> verify_resume(const ResumeSession& session);

}  // namespace moebench::session
