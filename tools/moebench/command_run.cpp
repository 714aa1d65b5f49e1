#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>

#include "harness/base/check.h"
#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"
#include "harness/config/engines.h"
#include "harness/config/limits.h"
#include "harness/launch/engine_start.h"
#include "harness/launch/run_cell.h"
#include "harness/launch/shell_words.h"
#include "harness/session/cell_session.h"
#include "harness/session/comparisons.h"
#include "harness/session/fit.h"
#include "harness/session/forecast.h"
#include "harness/session/groups.h"
#include "harness/session/results_folder.h"
#include "reports/crossover/document.h"
#include "reports/write/write.h"
#include "tools/moebench/cell_table.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"
#include "tools/moebench/run_words.h"

namespace moebench::cli {
namespace {

// As closely as the cell's engine can look.
config::Profile profile_of(const config::CellConfig& cell, config::Profile level) {
  if (config::can_profile(cell.engine, level)) return level;
  if (config::can_profile(cell.engine, config::Profile::kPhases)) return config::Profile::kPhases;
  throw Error(
      "engine '{}' provides no profile; let its events have phases, and say so by 'provides: "
      "{{profile: phases}}', or select cells with --filter engine=builtin",
      cell.engine.name);
}

// A number, auto, or empty: as the file says.
void set_repeats(const std::string& repeats, config::CellConfig& cell) {
  if (repeats.empty()) return;
  cell.repeats_auto = repeats == "auto";
  cell.repeats = parse_number<std::int64_t>(repeats).value_or(config::kMinAutoRepeats);
}

std::vector<config::CellConfig> planned_cells(const RunArguments& options) {
  auto cells =
      session::cells_to_run(session::select_scenarios(options.selection), options.selection);
  session::name_baseline(options.baseline, options.selection, cells);
  for (config::CellConfig& cell : cells) {
    set_repeats(options.repeats, cell);
    cell.time_limit_s = options.time_limit_s.value_or(cell.time_limit_s);
    if (options.progress_limit_s) cell.progress_limit_s = options.progress_limit_s;
    if (!options.profile.empty() && cell.measure == config::Measure::kTrain) {
      cell.profile = profile_of(cell, parse_name<config::Profile>(options.profile, "profile"));
    }
  }
  if (options.group.empty()) return cells;
  if (options.fresh) {
    throw Error("--fresh removes the other groups' results too; leave it or --group out");
  }
  return session::cells_of(session::parse_group(options.group, "--group"), cells);
}

// What other engines would be started with, each cell's on a line that a shell takes.
std::string command_lines(const std::vector<config::CellConfig>& cells,
                          const std::filesystem::path& results) {
  std::string text;
  for (const config::CellConfig& cell : cells) {
    if (cell.engine.is_builtin()) continue;
    const auto folder = launch::repetition_folder(results, cell, 0);
    const launch::EngineStart start = launch::engine_start(cell, folder, launch::free_port(), {},
                                                           {}, launch::read_launch_place());
    text += fmt::format("{}:", cell.id());
    for (const auto& [name, value] : start.launch.environment) {
      text += fmt::format(" {}={}", name, launch::shell_quoted(value));
    }
    text += " " + launch::joined_shell_words(start.launch.command) + "\n";
  }
  return text.empty() ? "" : "\nCommands of other engines:\n" + text;
}

// What is to run of each cell, in the plan's order.
std::vector<session::PlannedCell> planned_cells(
    const std::vector<session::PlannedRun>& runs,
    const std::map<std::string, session::MemoryFit>& fits) {
  std::vector<session::PlannedCell> planned;
  std::map<std::string, std::size_t> places;
  for (const session::PlannedRun& run : runs) {
    const std::string id = run.id();
    const auto [place, is_new] = places.emplace(id, planned.size());
    if (is_new) planned.push_back({.id = id, .memory = fits.at(id)});
    ++planned[place->second].repetitions;
    planned[place->second].may_repeat_more = run.cell.repeats_auto;
  }
  return planned;
}

int dry_run(const RunArguments& options) {
  const session::CellSession session = cell_session(options);
  const session::Records records =
      session.fresh ? session::Records{} : session::load_records(session.folder);
  const session::ProgramOf program_of = session::programs_if_there();
  const bool is_random = session.order == session::Order::kRandom;
  const auto plan =
      session::make_plan(session::wanted_cells(session, records, program_of), session.order,
                         is_random ? session::plan_seed(session.cells) : 0);
  const session::Pending pending =
      session::find_pending(plan, records, program_of, session.keep_other_builds);
  const session::Capacity capacity = session::read_capacity(session.cells);
  std::map<std::string, session::MemoryFit> fits;
  std::vector<CellRow> rows;
  for (const session::PlannedRun& run : plan) {
    const auto [place, is_new] = fits.try_emplace(run.id());
    session::MemoryFit& fit = place->second;
    if (is_new) fit = session::memory_fit(run.cell, capacity);
    std::string note = session::plan_note(run, records, pending);
    if (run.cell.repeats_auto) note += ", of " + session::repeats_text(run.cell);
    if (!fit.text.empty()) note += "; " + fit.text;
    rows.push_back({run.cell, run.id(), note, fit.rank_bytes});
  }
  session::EarlierTimes times(session.folder);
  for (const auto& [key, record] : records) times.add(record);
  reports::Document document = cell_document(rows);
  const auto to_run = session::forecast(planned_cells(pending.runs, fits), times);
  add_paragraph(document, "to run: " + session::describe(to_run, times));
  print_document(document, reports::Format::kTerminal);
  print_text(command_lines(session.cells, session.folder));
  return kExitOk;
}

// The command that tells what a single round cannot; "" where nothing is compared, or was told.
std::string command_that_tells(const RunArguments& options, const session::CellSession& session) {
  const bool is_single = std::ranges::all_of(
      session.cells, [](const config::CellConfig& cell) { return cell.repeats == 1; });
  const auto comparisons = session::comparisons_of(session.cells);
  const bool compares = std::ranges::any_of(
      comparisons, [](const session::Comparison& found) { return found.arms.size() > 1; });
  if (!is_single || !compares) return "";
  std::vector<std::string> words = selection_words(options.selection);
  words.insert(words.begin(), {"moebench", "run"});
  if (!options.baseline.empty()) {
    words.insert(words.end(), {"--baseline", fmt::format("{}", fmt::join(options.baseline, ","))});
  }
  if (!options.out.empty()) words.insert(words.end(), {"--out", options.out});
  words.insert(words.end(), {"--repeats", "auto"});
  return launch::joined_shell_words(words);
}

int exit_code_of(session::CellsEnd end) {
  switch (end) {
    case session::CellsEnd::kComplete:
      return kExitOk;
    case session::CellsEnd::kCellFailed:
      return kExitCellFailed;
    case session::CellsEnd::kInterrupted:
      return kExitInterrupted;
  }
  MOEBENCH_CHECK(!"an end outside its enumeration");
}

}  // namespace

session::CellSession cell_session(const RunArguments& options) {
  session::CellSession session{
      .cells = planned_cells(options),
      .folder = session::results_path(options.out, options.selection.file),
      .shares_folder = !options.group.empty(),
      .fresh = options.fresh,
      .keep_other_builds = options.keep_other_builds,
      .round_rules = {.disturbance = {.busy_cores = options.busy_cores},
                      .repeats_disturbed = !options.keep_disturbed},
      .fail_fast = options.fail_fast,
      .force = options.force,
      .launcher = options.launcher.choice(),
      .command_line = options.command_line,
      .progress = &std::cerr,
      .is_terminal = ::isatty(STDERR_FILENO) == 1,
      .verbosity = options.progress.verbosity(),
  };
  if (!options.budget.empty()) {
    if (!options.repeats.empty()) {
      throw Error("--budget chooses how often cells run; leave out --repeats {}", options.repeats);
    }
    session.budget_ns = parse_duration_ns(options.budget);
  }
  if (!options.order.empty()) session.order = parse_name<session::Order>(options.order, "order");
  return session;
}

RunOutcome run_cells(const RunArguments& options) {
  session::CellsOutcome outcome = session::run_cells(cell_session(options));
  return {exit_code_of(outcome.end), std::move(outcome.records)};
}

int run_command(const RunArguments& options) {
  if (options.dry_run) return dry_run(options);
  const RunOutcome run = run_cells(options);
  if (run.exit_code == kExitInterrupted) return run.exit_code;
  const bool is_map = !options.budget.empty();
  const int exit_code =
      write_outputs(run.exit_code, {[&] {
                      print_document(is_map ? crossover::crossover_document(run.records)
                                            : reports::report_document(run.records));
                    }});
  if (is_map) return exit_code;
  const std::string command = command_that_tells(options, cell_session(options));
  if (!command.empty()) {
    launch::notes(&std::cerr, options.progress.verbosity())
        << "note: one repetition proves no gain; this goes on until gains are told: " << command
        << '\n';
  }
  return exit_code;
}

}  // namespace moebench::cli
