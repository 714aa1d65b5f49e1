#include "harness/session/cell_session.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <set>

#include "harness/base/error.h"
#include "harness/launch/process.h"
#include "harness/launch/progress_watch.h"
#include "harness/launch/run_cell.h"
#include "harness/session/data_check.h"
#include "harness/session/results_folder.h"
#include "harness/session/scenario_places.h"
#include "harness/session/today.h"
#include "harness/session/weights_check.h"
#include "reports/write/agreement.h"

namespace moebench::session {
namespace {

using record::CellRecord;
using record::Disposition;

bool is_ok(const PlannedRun& run, const Records& records) {
  return ok_record(run, records) != nullptr;
}

// Asked for every recorded repetition, and hashing files takes its time: each program is asked
// once.
ProgramOf asked_once(ProgramOf program_of) {
  using Known = std::map<std::string, std::optional<record::Program>>;
  return [program_of, known = std::make_shared<Known>()](const config::CellConfig& cell) {
    const std::string key = cell.engine.is_builtin() ? "" : cell.id();
    const auto found = known->find(key);
    return found != known->end() ? found->second : (*known)[key] = program_of(cell);
  };
}

ProgramOf programs(const std::filesystem::path& worker, const machine::MachineFacts& driver) {
  return asked_once([worker, driver](const config::CellConfig& cell) {
    return record::Program{.worker_hash = launch::program_hash(cell, worker),
                           .git_sha = driver.git_sha,
                           .is_dirty = driver.git_dirty != "false"};
  });
}

// A recorded failure that the scenario expects, as long as it does.
bool is_excused(const PlannedRun& run, const Records& records) {
  const auto& known = run.cell.known_failure;
  return known && records.contains(run.key()) &&
         record::KnownFailure{known->reason, known->until}.is_active(today());
}

void note_known_failures(const std::vector<PlannedRun>& plan, const Records& records,
                         std::ostream& notes) {
  for (const PlannedRun& run : plan) {
    const auto& known = run.cell.known_failure;
    if (!known || !records.contains(run.key())) continue;
    const bool passes = is_ok(run, records);
    const bool is_over = !is_excused(run, records);
    notes << fmt::format("note: cell {} {}: {}\n", run.cell.id(),
                         passes    ? "passes unexpectedly, remove its known failure"
                         : is_over ? "was a known failure until " + known->until
                                   : "is a known failure",
                         known->reason);
  }
}

Records by_run(std::vector<CellRecord> records) {
  Records keyed;
  for (CellRecord& record : records) {
    std::pair<std::string, int> key{record.id, record.repetition};
    keyed.insert_or_assign(std::move(key), std::move(record));
  }
  return keyed;
}

// Records say what their cells are called and compared with now, whichever scenario they were run
// for.
void update_recorded_names(const CellSession& session, const std::vector<PlannedRun>& plan,
                           Records& recorded) {
  std::set<std::pair<std::string, int>> changed;
  for (const PlannedRun& run : plan) {
    const auto found = recorded.find(run.key());
    if (found == recorded.end() || !update_names(run.cell, found->second)) continue;
    changed.insert(run.key());
  }
  const Baselines baselines = baselines_of(session.cells);
  for (auto& [key, record] : recorded) {
    if (update_baselines(baselines, record)) changed.insert(key);
  }
  for (const auto& key : changed) record::append(session.folder, recorded.at(key));
}

std::vector<config::CellConfig> cells_of(const std::vector<PlannedRun>& runs) {
  std::vector<config::CellConfig> cells;
  for (const PlannedRun& run : runs) cells.push_back(run.cell);
  return cells;
}

// Runs and records what is pending; false when interrupted.
bool run_pending(const CellSession& session, const std::vector<PlannedRun>& pending,
                 const Records& recorded, launch::RunCellOptions& options) {
  launch::ProgressDisplay display(*session.progress, session.is_terminal,
                                  static_cast<int>(pending.size()));
  options.on_progress = [&](const launch::RankProgress& now) { display.update(now); };
  const std::vector<std::string> axes = varying_axes(session.cells);
  for (const PlannedRun& run : pending) {
    std::string name = describe(run.cell, axes);
    if (run.cell.repeats > 1) name += fmt::format(" #{}", run.repetition);
    display.start_run(name);
    auto record = launch::run_cell(run.cell, run.repetition, options);
    if (!record) {
      display.end_run("interrupted");
      return false;
    }
    record->environment["command_line"] = session.command_line;
    warn_of_few_data(run.cell, *record);
    const auto before = recorded.find(run.key());
    if (before != recorded.end()) {
      record->scenarios = all_places(run.cell, before->second.scenarios);
    }
    record::append(options.results_folder, *record);
    display.end_run(*record);
    if (launch::interrupted()) return false;
  }
  return true;
}

// The planned cells in the file's order, whatever the order of the run.
CellsOutcome outcome_of(const CellSession& session) {
  const Records records = load_records(session.folder);
  CellsOutcome outcome;
  const std::vector<PlannedRun> plan = make_plan(session.cells, Order::kListed, 0);
  note_known_failures(plan, records, *session.progress);
  for (const PlannedRun& run : plan) {
    if (!is_ok(run, records) && !is_excused(run, records)) outcome.end = CellsEnd::kCellFailed;
    const auto it = records.find(run.key());
    if (it == records.end()) continue;
    outcome.records.push_back(it->second);
    outcome.records.back().scenario = run.cell.scenario;
    outcome.records.back().scenarios = launch::scenario_places(run.cell);
  }
  return outcome;
}

std::string order_text(Order order, std::uint64_t seed) {
  const std::string name = to_string(order);
  return order == Order::kRandom ? fmt::format("{} (seed {:016x})", name, seed) : name;
}

}  // namespace

Records load_records(const std::filesystem::path& folder) {
  return by_run(reports::check_agreement(record::load(folder)));
}

ProgramOf programs_if_there() {
  return asked_once([driver = machine::read_machine_facts()](
                        const config::CellConfig& cell) -> std::optional<record::Program> {
    try {
      return programs(launch::find_programs({cell}), driver)(cell);
    } catch (const Error&) {
      return std::nullopt;
    }
  });
}

CellsOutcome run_cells(const CellSession& session) {
  const std::uint64_t seed = plan_seed(session.cells);
  const std::vector<PlannedRun> plan = make_plan(session.cells, session.order, seed);
  launch::RunCellOptions options;
  options.results_folder = session.folder;
  options.worker = launch::find_programs(session.cells);
  options.launcher = session.launcher;
  options.place = launch::read_launch_place(options.launcher);
  options.machine = machine::read_machine_facts();
  const ResultsFolder folder(session.folder);
  const Pending pending =
      find_pending(plan, session.fresh ? Records() : load_records(session.folder),
                   programs(options.worker, options.machine), session.keep_other_builds);
  std::ostream& notes = *session.progress;
  check_weights(cells_of(pending.runs),
                launch::may_leave_host(session.launcher.launcher, options.place));
  check_data_files(cells_of(pending.runs), options.launcher, options.place, notes);
  if (session.fresh) folder.remove_results();
  // As they stand in the folder, not judged against each other.
  Records recorded = by_run(record::load(session.folder));
  update_recorded_names(session, plan, recorded);
  notes << origin_notes(pending, session.keep_other_builds);
  notes << fmt::format("{}: {} repetitions to run, {} already ok, order {}\n",
                       session.folder.string(), pending.runs.size(),
                       plan.size() - pending.runs.size(), order_text(session.order, seed));
  if (!pending.runs.empty()) notes << launch::progress_limit_note(session.cells) << '\n';
  launch::handle_interrupts();
  if (!run_pending(session, pending.runs, recorded, options)) {
    notes << "moebench: interrupted; finished repetitions are kept, run again to continue\n";
    return {CellsEnd::kInterrupted, {}};
  }
  return outcome_of(session);
}

}  // namespace moebench::session
