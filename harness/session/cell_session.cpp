#include "harness/session/cell_session.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <set>

#include "harness/base/error.h"
#include "harness/config/limits.h"
#include "harness/launch/process.h"
#include "harness/launch/progress_watch.h"
#include "harness/launch/run_cell.h"
#include "harness/record/results_file.h"
#include "harness/session/data_check.h"
#include "harness/session/give_up.h"
#include "harness/session/known_gemm_rates.h"
#include "harness/session/map_search.h"
#include "harness/session/preflight.h"
#include "harness/session/results_folder.h"
#include "harness/session/scenario_places.h"
#include "harness/session/today.h"
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
    notes << fmt::format("note: cell {} {}: {}\n", run.id(),
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

void append(const CellSession& session, const CellRecord& record) {
  session.shares_folder ? record::append_apart(session.folder, record)
                        : record::append(session.folder, record);
}

std::vector<std::string> ids_of(const CellSession& session) {
  std::vector<std::string> ids;
  for (const config::CellConfig& cell : session.cells) ids.push_back(cell.id());
  return ids;
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
  const std::vector<std::string> own = ids_of(session);
  for (const auto& key : changed) {
    if (session.shares_folder && std::ranges::count(own, key.first) == 0) continue;
    append(session, recorded.at(key));
  }
}

std::vector<config::CellConfig> cells_of(const std::vector<PlannedRun>& runs) {
  std::vector<config::CellConfig> cells;
  for (const PlannedRun& run : runs) cells.push_back(run.cell);
  return cells;
}

// "auto, 3 to 10, gain_width 0.05": how the number of a cell's repetitions was found.
std::string auto_text(const config::CellConfig& cell) {
  return fmt::format("auto, {} to {}, gain_width {}", config::kMinAutoRepeats, cell.max_repeats,
                     cell.gain_width);
}

std::unique_ptr<Repetitions> repetitions_of(const CellSession& session) {
  if (session.budget_ns > 0) {
    return std::make_unique<MapSearch>(session.cells,
                                       crossover::ExploreRules{.budget_ns = session.budget_ns});
  }
  return std::make_unique<Rounds>(session.cells, session.round_rules);
}

// Runs a session's cells into its folder.
class CellRunner {
 public:
  CellRunner(const CellSession& session, launch::RunCellOptions options, ProgramOf program_of)
      : session_(session),
        options_(std::move(options)),
        program_of_(std::move(program_of)),
        repetitions_(repetitions_of(session)),
        give_up_(session.fail_fast),
        gemm_rates_(session.round_rules.disturbance),
        axes_(varying_axes(session.cells)) {}

  // Takes what is on record as it stands in the folder.
  void set_recorded(Records recorded) { recorded_ = std::move(recorded); }

  // Runs what is pending of a plan, and on until no further rounds are wanted; false when
  // interrupted.
  bool run(std::vector<PlannedRun> pending) {
    while (!pending.empty() && give_up_.reason_to_end().empty()) {
      if (!run_pending(pending)) return false;
      pending = further_runs();
    }
    return true;
  }

  // As often as they have run now.
  std::vector<config::CellConfig> cells() const { return repetitions_->wanted(counted()); }

 private:
  RecordViews counted() const {
    return counted_records(session_.cells, recorded_, program_of_, session_.keep_other_builds);
  }

  // What has failed in this session is not tried again in it.
  std::vector<PlannedRun> further_runs() const {
    const auto plan = make_plan(cells(), session_.order, plan_seed(session_.cells));
    std::vector<PlannedRun> further =
        find_pending(plan, recorded_, program_of_, session_.keep_other_builds).runs;
    std::erase_if(further, [&](const PlannedRun& run) {
      return attempted_.contains(run.key()) || !give_up_.reason_against(run.id()).empty();
    });
    return further;
  }

  bool run_pending(const std::vector<PlannedRun>& pending) {
    launch::ProgressDisplay display(
        *session_.progress, static_cast<int>(pending.size()),
        {.is_terminal = session_.is_terminal, .verbosity = session_.verbosity});
    display.follow(options_);
    options_.on_progress = [&, show = options_.on_progress](const launch::RankProgress& now) {
      reached_step_ = reached_step_ || now.step > 0;
      show(now);
    };
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (give_up_.reason_against(pending[i].id()).empty()) {
        if (!run_one(pending[i], display)) return false;
        if (ends_after(pending, i)) return true;
      }
      const bool ends_repetition =
          i + 1 == pending.size() || pending[i + 1].repetition != pending[i].repetition;
      if (ends_repetition) notes() << repetitions_->report(counted(), pending[i].repetition);
    }
    return true;
  }

  // Says what is not started any more, now that run `i` has ended; whether that is all.
  bool ends_after(const std::vector<PlannedRun>& pending, std::size_t i) const {
    const std::string& end = give_up_.reason_to_end();
    if (!end.empty()) {
      *session_.progress << fmt::format("note: {} of {} repetitions are not started: {}\n",
                                        pending.size() - i - 1, pending.size(), end);
      return true;
    }
    const std::string id = pending[i].id();
    const std::string reason = give_up_.reason_against(id);
    if (reason.empty()) return false;
    const auto num_left =
        std::count_if(pending.begin() + static_cast<std::ptrdiff_t>(i) + 1, pending.end(),
                      [&](const PlannedRun& run) { return run.id() == id; });
    if (num_left > 0) {
      *session_.progress << fmt::format("note: {} more of {} are not started, {}\n", num_left,
                                        describe(pending[i].cell, axes_), reason);
    }
    return false;
  }

  std::ostream& notes() const { return launch::notes(session_.progress, session_.verbosity); }

  bool run_one(const PlannedRun& run, launch::ProgressDisplay& display) {
    std::string name = describe(run.cell, axes_);
    if (run.cell.repeats > 1) name += fmt::format(" #{}", run.repetition);
    display.start_run(name);
    reached_step_ = false;
    options_.gemm_rate_is_known = gemm_rates_.has(run.cell);
    auto record = launch::run_cell(run.cell, run.repetition, options_);
    if (!record) {
      display.end_run("interrupted");
      return false;
    }
    record->environment["command_line"] = session_.command_line;
    if (run.cell.repeats_auto) record->environment["repeats"] = auto_text(run.cell);
    gemm_rates_.settle(run.cell, *record);
    warn_of_few_data(run.cell, *record);
    const auto before = recorded_.find(run.key());
    if (before != recorded_.end()) {
      record->scenarios = all_places(run.cell, before->second.scenarios);
    }
    append(session_, *record);
    display.end_run(*record);
    attempted_.insert(run.key());
    const CellRecord& kept =
        recorded_.insert_or_assign(run.key(), std::move(*record)).first->second;
    give_up_.note(kept, {reached_step_, is_excused(run, recorded_)});
    return !launch::interrupted();
  }

  const CellSession& session_;
  launch::RunCellOptions options_;
  ProgramOf program_of_;
  std::unique_ptr<Repetitions> repetitions_;
  GiveUp give_up_;
  bool reached_step_ = false;  // of the repetition that runs
  KnownGemmRates gemm_rates_;
  std::vector<std::string> axes_;
  Records recorded_;
  std::set<std::pair<std::string, int>> attempted_;
};

// The planned cells in the file's order, whatever the order of the run.
CellsOutcome outcome_of(const CellSession& session, const std::vector<config::CellConfig>& cells) {
  const Records records = load_records(session.folder);
  CellsOutcome outcome;
  const std::vector<PlannedRun> plan = make_plan(cells, Order::kListed, 0);
  note_known_failures(plan, records, launch::notes(session.progress, session.verbosity));
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

// The worker where a cell needs it. Each program is looked for, so that all that are missing are
// named.
std::filesystem::path find_programs(const std::vector<config::CellConfig>& cells,
                                    Problems& problems) {
  std::filesystem::path worker;
  bool knows_worker = false;
  for (const config::CellConfig& cell : cells) {
    const bool is_builtin = cell.engine.is_builtin();
    if (is_builtin && knows_worker) continue;
    knows_worker = knows_worker || is_builtin;
    problems.collect([&] {
      const std::filesystem::path found = launch::find_programs({cell});
      if (is_builtin) worker = found;
    });
  }
  return worker;
}

// Leaves lines of files that others may be writing to.
void keep_own(const CellSession& session, std::vector<record::BadLine>& bad) {
  if (!session.shares_folder) return;
  std::set<std::filesystem::path> own;
  for (const std::string& id : ids_of(session)) own.insert(record::cell_file(session.folder, id));
  std::erase_if(bad, [&](const record::BadLine& line) { return !own.contains(line.file); });
}

// Loads the folder's records, and sets aside the lines that are none, so that they are told once.
Records load_mended(const CellSession& session) {
  std::vector<record::BadLine> bad;
  auto records = record::load(session.folder, record::Duplicates::kLaterCounts, bad);
  keep_own(session, bad);
  if (!bad.empty()) {
    for (const std::string& warning : record::warnings_of(bad)) {
      *session.progress << "warning: " << warning << '\n';
    }
    std::vector<std::string> places;
    for (const std::filesystem::path& place : record::set_aside(bad)) {
      places.push_back(place.string());
    }
    *session.progress << fmt::format("note: {} kept in {}\n",
                                     bad.size() == 1 ? "that line is" : "those lines are",
                                     fmt::join(places, ", "));
  }
  return by_run(reports::check_agreement(std::move(records)));
}

std::string order_text(Order order, std::uint64_t seed) {
  const std::string name = to_string(order);
  return order == Order::kRandom ? fmt::format("{} (seed {:016x})", name, seed) : name;
}

}  // namespace

Records load_records(const std::filesystem::path& folder) {
  return by_run(reports::check_agreement(record::load(folder)));
}

ProgramOf programs_if_there(const machine::MachineFacts& driver) {
  return asked_once([driver](const config::CellConfig& cell) -> std::optional<record::Program> {
    try {
      return record::Program{
          .worker_hash = launch::program_hash(cell, launch::find_programs({cell})),
          .git_sha = driver.git_sha,
          .is_dirty = driver.git_dirty != "false"};
    } catch (const Error&) {
      return std::nullopt;
    }
  });
}

std::vector<config::CellConfig> wanted_cells(const CellSession& session, const Records& records,
                                             const ProgramOf& program_of) {
  return repetitions_of(session)->wanted(
      counted_records(session.cells, records, program_of, session.keep_other_builds));
}

CellsOutcome run_cells(const CellSession& session) {
  std::ostream& notes = launch::notes(session.progress, session.verbosity);
  Problems problems;
  launch::RunCellOptions options;
  options.results_folder = session.folder;
  options.worker = find_programs(session.cells, problems);
  options.launcher = session.launcher;
  options.place = launch::read_launch_place(options.launcher);
  problems.collect([&] { options.links = launch::find_links(options.launcher); });
  options.machine = machine::read_machine_facts();  // once: later ones hold the session's own load
  const ProgramOf program_of = programs_if_there(options.machine);
  std::optional<ResultsFolder> folder;  // made when nothing speaks against the run
  const auto hold_folder = [&] {
    session.shares_folder ? folder.emplace(session.folder, ids_of(session))
                          : folder.emplace(session.folder);
  };
  if (std::filesystem::exists(session.folder)) problems.collect(hold_folder);
  const std::uint64_t seed = plan_seed(session.cells);
  const Records judged = session.fresh ? Records() : load_mended(session);
  const std::vector<PlannedRun> plan =
      make_plan(wanted_cells(session, judged, program_of), session.order, seed);
  const Pending pending = find_pending(plan, judged, program_of, session.keep_other_builds);
  check_before_start(session.budget_ns > 0 ? session.cells : cells_of(pending.runs),
                     {.folder = session.folder,
                      .launcher = options.launcher,
                      .place = options.place,
                      .capacity = read_capacity(session.cells),
                      .force = session.force},
                     notes, problems);
  problems.throw_if_any();
  if (!folder) hold_folder();
  if (session.fresh) folder->remove_results();
  Records recorded = by_run(record::load(session.folder));
  update_recorded_names(session, plan, recorded);
  notes << origin_notes(pending, session.keep_other_builds);
  notes << fmt::format("{}: {} repetitions to run, {} already ok, order {}\n",
                       session.folder.string(), pending.runs.size(),
                       plan.size() - pending.runs.size(), order_text(session.order, seed));
  if (!pending.runs.empty()) notes << launch::progress_limit_note(session.cells) << '\n';
  launch::handle_interrupts();
  CellRunner runner(session, options, program_of);
  runner.set_recorded(std::move(recorded));
  if (!runner.run(pending.runs)) {
    notes << "moebench: interrupted; finished repetitions are kept, run again to continue\n";
    return {CellsEnd::kInterrupted, {}};
  }
  return outcome_of(session, runner.cells());
}

}  // namespace moebench::session
