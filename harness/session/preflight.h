#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "harness/config/cell.h"
#include "harness/launch/launcher.h"
#include "harness/session/fit.h"
#include "harness/session/problems.h"

namespace moebench::session {

// Under what circumstances cells are to be run.
struct Preflight {
  std::filesystem::path folder;  // of the results
  launch::LauncherChoice launcher = {};
  launch::LaunchPlace place;
  Capacity capacity = {};
  bool force = false;  // starts what does not fit as well
};

// Adds all that can be found out about cells before the first of them runs: launchers, links, data,
// checkpoints, traces and states to resume that are missing or do not suit, cells that do not fit
// into memory, and a results folder that cannot be written to. Writes to `notes` what the data hold
// and what is to be warned of. Files and memory of other hosts are theirs: where ranks may leave
// this one, what does not fit is a warning. A cell that is a known failure may fail at them.
void check_before_start(const std::vector<config::CellConfig>& cells, const Preflight& preflight,
                        std::ostream& notes, Problems& problems);

}  // namespace moebench::session
