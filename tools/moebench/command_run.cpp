#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "harness/base/error.h"
#include "harness/launch/process.h"
#include "harness/launch/progress_watch.h"
#include "harness/launch/run_cell.h"
#include "harness/record/record.h"
#include "harness/session/pending.h"
#include "harness/session/plan.h"
#include "harness/session/results_folder.h"
#include "harness/session/today.h"
#include "reports/write/agreement.h"
#include "reports/write/write.h"
#include "tools/moebench/cell_table.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

using record::CellRecord;
using record::Disposition;

session::Records load_records(const std::filesystem::path& folder) {
  session::Records records;
  for (CellRecord& record : reports::check_agreement(record::load(folder))) {
    std::pair<std::string, int> key{record.id, record.repetition};
    records.insert_or_assign(std::move(key), std::move(record));
  }
  return records;
}

bool is_ok(const session::PlannedRun& run, const session::Records& records) {
  return session::ok_record(run, records) != nullptr;
}

record::Program this_program(const std::filesystem::path& worker,
                             const machine::MachineFacts& driver) {
  return {.worker_hash = launch::worker_hash(worker),
          .git_sha = driver.git_sha,
          .is_dirty = driver.git_dirty != "false"};
}

// A plan can be looked at in a build without the worker too.
std::optional<record::Program> program_if_built() {
  try {
    return this_program(launch::find_worker(), machine::read_machine_facts());
  } catch (const Error&) {
    return std::nullopt;
  }
}

// A recorded failure that the scenario expects, as long as it does.
bool is_excused(const session::PlannedRun& run, const session::Records& records) {
  const auto& known = run.cell.known_failure;
  return known && records.contains(run.key()) &&
         record::KnownFailure{known->reason, known->until}.is_active(session::today());
}

void note_known_failures(const std::vector<session::PlannedRun>& plan,
                         const session::Records& records) {
  for (const session::PlannedRun& run : plan) {
    const auto& known = run.cell.known_failure;
    if (!known || !records.contains(run.key())) continue;
    const bool passes = is_ok(run, records);
    const bool is_over = !is_excused(run, records);
    std::cerr << fmt::format("note: cell {} {}: {}\n", run.cell.id(),
                             passes    ? "passes unexpectedly, remove its known failure"
                             : is_over ? "was a known failure until " + known->until
                                       : "is a known failure",
                             known->reason);
  }
}

std::vector<config::CellConfig> planned_cells(const RunArguments& options) {
  auto cells =
      session::cells_to_run(session::select_scenarios(options.selection), options.selection);
  for (config::CellConfig& cell : cells) {
    cell.repeats = options.repeats.value_or(cell.repeats);
    cell.time_limit_s = options.time_limit_s.value_or(cell.time_limit_s);
    if (options.progress_limit_s) cell.progress_limit_s = options.progress_limit_s;
    if (!options.profile.empty() && cell.measure == config::Measure::kTrain)
      cell.profile = parse_name<config::Profile>(options.profile, "profile");
  }
  return cells;
}

session::Order order_of(const RunArguments& options, const std::vector<config::CellConfig>& cells) {
  if (!options.order.empty())
    return options.order == "random" ? session::Order::kRandom : session::Order::kListed;
  const bool repeats =
      std::ranges::any_of(cells, [](const auto& cell) { return cell.repeats > 1; });
  return repeats ? session::Order::kRandom : session::Order::kListed;
}

int dry_run(const RunArguments& options) {
  const auto cells = planned_cells(options);
  const auto plan = session::make_plan(cells, order_of(options, cells), session::plan_seed(cells));
  const session::Records records =
      options.fresh ? session::Records{}
                    : load_records(session::results_path(options.out, options.selection.file));
  const session::Pending pending =
      session::find_pending(plan, records, program_if_built(), options.keep_other_builds);
  std::vector<CellRow> rows;
  for (const session::PlannedRun& run : plan)
    rows.push_back({run.cell, session::plan_note(run, records, pending)});
  print_document(cell_document(rows), reports::Format::kTerminal);
  std::cout << "\n";
  reports::Document gate = {reports::Paragraph{"To gate these cells (moebench ab):"}};
  append(gate, power_document({.selection = options.selection}));
  print_document(gate);
  return kExitOk;
}

std::string result_text(const CellRecord& record) {
  if (record.disposition == Disposition::kOk) return "ok";
  return fmt::format("{}: {}", to_string(record.disposition), record.message);
}

// Runs and records what is pending; false when interrupted.
bool run_pending(const std::vector<session::PlannedRun>& pending,
                 const std::vector<std::string>& axes, launch::RunCellOptions& cell_options,
                 const std::string& command_line) {
  launch::ProgressDisplay display(std::cerr, ::isatty(STDERR_FILENO) == 1,
                                  static_cast<int>(pending.size()));
  cell_options.on_progress = [&](const launch::RankProgress& now) { display.update(now); };
  for (const session::PlannedRun& run : pending) {
    std::string name = session::describe(run.cell, axes);
    if (run.cell.repeats > 1) name += fmt::format(" #{}", run.repetition);
    display.start_run(name);
    auto record = launch::run_cell(run.cell, run.repetition, cell_options);
    if (!record) {
      display.end_run("interrupted");
      return false;
    }
    record->environment["command_line"] = command_line;
    record::append(cell_options.results_folder, *record);
    display.end_run(result_text(*record));
    if (launch::interrupted()) return false;
  }
  return true;
}

// The planned cells in the file's order, whatever the order of the run.
RunOutcome outcome(const std::vector<config::CellConfig>& cells,
                   const std::filesystem::path& folder) {
  const session::Records records = load_records(folder);
  RunOutcome result;
  const std::vector<session::PlannedRun> plan =
      session::make_plan(cells, session::Order::kListed, 0);
  note_known_failures(plan, records);
  for (const session::PlannedRun& run : plan) {
    if (!is_ok(run, records) && !is_excused(run, records)) result.exit_code = kExitCellFailed;
    const auto it = records.find(run.key());
    if (it != records.end()) result.records.push_back(it->second);
  }
  return result;
}

}  // namespace

RunOutcome run_cells(const RunArguments& options) {
  const std::vector<config::CellConfig> cells = planned_cells(options);
  const session::Order order = order_of(options, cells);
  const std::uint64_t seed = session::plan_seed(cells);
  const std::vector<session::PlannedRun> plan = session::make_plan(cells, order, seed);
  const std::filesystem::path path = session::results_path(options.out, options.selection.file);
  launch::RunCellOptions cell_options;
  cell_options.results_folder = path;
  cell_options.worker = launch::find_worker();
  cell_options.launcher = options.launcher.choice();
  cell_options.place = launch::read_launch_place(cell_options.launcher);
  cell_options.machine = machine::read_machine_facts();
  const session::ResultsFolder folder(path);
  if (options.fresh) folder.remove_results();
  const session::Records records = load_records(path);
  const session::Pending pending =
      session::find_pending(plan, records, this_program(cell_options.worker, cell_options.machine),
                            options.keep_other_builds);
  std::cerr << session::origin_notes(pending, options.keep_other_builds);
  std::cerr << fmt::format(
      "{}: {} repetitions to run, {} already ok, order {}\n", path.string(), pending.runs.size(),
      plan.size() - pending.runs.size(),
      order == session::Order::kListed ? "listed" : fmt::format("random (seed {:016x})", seed));
  if (!pending.runs.empty()) std::cerr << launch::progress_limit_note(cells) << '\n';
  launch::handle_interrupts();
  if (!run_pending(pending.runs, session::varying_axes(cells), cell_options,
                   options.command_line)) {
    std::cerr << "moebench: interrupted; finished repetitions are kept, run again to continue\n";
    return {kExitInterrupted, {}};
  }
  return outcome(cells, path);
}

int run_command(const RunArguments& options) {
  if (options.dry_run) return dry_run(options);
  const RunOutcome run = run_cells(options);
  if (run.exit_code != kExitInterrupted) {
    print_document(reports::report_document(run.records));
  }
  return run.exit_code;
}

}  // namespace moebench::cli
