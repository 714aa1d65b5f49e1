#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "harness/launch/display.h"
#include "harness/launch/launcher.h"
#include "harness/machine/environment.h"
#include "harness/record/program.h"
#include "harness/record/record.h"
#include "harness/session/pending.h"
#include "harness/session/plan.h"
#include "harness/session/rounds.h"

namespace moebench::session {

// Runs of cells, each as often as it repeats.
struct CellSession {
  std::vector<config::CellConfig> cells;
  Order order = Order::kRounds;
  std::filesystem::path folder;  // of the results
  // Other runs may write to the folder meanwhile, as long as they have other cells.
  bool shares_folder = false;
  bool fresh = false;  // removes what is there
  bool keep_other_builds = false;
  RoundRules round_rules = {};
  // Run time within which cells are chosen for the map alone (map_search.h); 0: all cells run.
  double budget_ns = 0;
  bool fail_fast = false;  // ends at the first failure
  bool force = false;      // starts what does not fit into memory as well
  launch::LauncherChoice launcher = {};
  std::string command_line;          // goes into the records
  std::ostream* progress = nullptr;  // notes, and the runs as they go
  bool is_terminal = false;          // what `progress` writes to
  launch::Verbosity verbosity = launch::Verbosity::kNormal;
};

// The results of a folder, judged against each other; none where it does not exist.
Records load_records(const std::filesystem::path& folder);

// The session's cells as often as they run by what is on record (Rounds, or MapSearch).
std::vector<config::CellConfig> wanted_cells(const CellSession& session, const Records& records,
                                             const ProgramOf& program_of);

// What would measure a cell here. For a build without the worker, or an engine that is not
// installed, it is nothing: a plan can be looked at all the same.
ProgramOf programs_if_there(const machine::MachineFacts& driver = machine::read_machine_facts());

enum class CellsEnd { kComplete, kCellFailed, kInterrupted };

struct CellsOutcome {
  CellsEnd end = CellsEnd::kComplete;
  // Of the planned repetitions, in the cells' order, with the scenarios that the plan asked for.
  std::vector<record::CellRecord> records;
};

// Runs and records what the folder lacks. kCellFailed: a planned repetition failed or is missing,
// and that is not a known failure. No records after an interruption; what was finished is kept.
// Error before anything is started, with all that is wrong (preflight.h): also where there is no
// worker, or another run writes to the folder. What fails for good is not started again
// (give_up.h).
CellsOutcome run_cells(const CellSession& session);

}  // namespace moebench::session
