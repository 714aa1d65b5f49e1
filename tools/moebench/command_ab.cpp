#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"
#include "harness/launch/programs.h"
#include "harness/launch/run_cell.h"
#include "harness/launch/worker.h"
#include "harness/record/results_file.h"
#include "harness/session/pair_session.h"
#include "harness/session/plan.h"
#include "harness/session/results_folder.h"
#include "reports/gate/gated_metrics.h"
#include "reports/write/cells.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

using config::CellConfig;

// Numbers of pairs after which `--pairs auto` judges.
const std::vector<int> kAutoLooks = {6, 12, 20};

std::vector<CellConfig> cells_of(const session::Selection& selection) {
  return session::cells_to_run(session::select_scenarios(selection), selection);
}

std::vector<session::PairedCell> same_cells(const session::Selection& selection) {
  std::vector<session::PairedCell> pairs;
  for (const CellConfig& cell : cells_of(selection)) pairs.push_back({cell, cell});
  return pairs;
}

std::vector<int> looks_of(const std::string& text) {
  if (text == "auto") return kAutoLooks;
  const auto pairs = parse_number<int>(text);
  if (pairs && *pairs >= 1 && *pairs <= 1000) return {*pairs};
  throw Error("--pairs: '{}' is neither auto nor a number from 1 to 1000", shortened(text));
}

using Axes = std::vector<std::pair<std::string, std::string>>;

bool has(const CellConfig& cell, const Axes& wanted) {
  return std::ranges::all_of(
      wanted, [&](const auto& axis) { return session::axis_of(cell, axis.first) == axis.second; });
}

// Tells whether the cells differ in the wanted axes alone; a degree that nobody named follows
// parallelism and ranks.
bool is_counterpart(const CellConfig& base, const CellConfig& candidate, const Axes& wanted) {
  const auto is_named = [&](const std::string& axis) {
    return std::ranges::count(wanted, axis, &std::pair<std::string, std::string>::first) > 0;
  };
  const bool degree_follows = is_named("parallelism") || is_named("ranks");
  return base.scenario == candidate.scenario &&
         std::ranges::all_of(base.axes(), [&](const auto& axis) {
           if (is_named(axis.first) || (reports::is_degree(axis.first) && degree_follows))
             return true;
           return session::axis_of(candidate, axis.first) == axis.second;
         });
}

Axes parse_set(const std::vector<std::string>& texts, const CellConfig& cell) {
  Axes wanted;
  std::vector<std::string> known;
  for (const auto& [axis, value] : cell.axes()) known.push_back(axis);
  for (const std::string& text : texts) {
    wanted.push_back(session::parse_pair(text, "--candidate-set"));
    const std::string& axis = wanted.back().first;
    if (std::ranges::count(known, axis) > 0) continue;
    throw Error("--candidate-set: no axis '{}'; {}", axis, suggestion(axis, known));
  }
  return wanted;
}

// The selected cells without these axis values, each with the file's cell that has them.
std::vector<session::PairedCell> counterparts(const AbArguments& options) {
  const std::vector<CellConfig> bases = cells_of(options.selection);
  session::Selection whole_file = options.selection;
  whole_file.filters.clear();
  const std::vector<CellConfig> all = cells_of(whole_file);
  const Axes wanted = parse_set(options.candidate_set, bases.front());
  std::vector<session::PairedCell> pairs;
  for (const CellConfig& base : bases) {
    if (has(base, wanted)) continue;
    const auto found = std::ranges::find_if(all, [&](const CellConfig& cell) {
      return has(cell, wanted) && is_counterpart(base, cell, wanted);
    });
    if (found == all.end()) {
      throw Error("--candidate-set {}: '{}' has no such cell beside {}; add the value to the axis",
                  fmt::join(options.candidate_set, " "), options.selection.file,
                  session::describe(base, session::varying_axes(bases)));
    }
    pairs.push_back({base, *found});
  }
  if (pairs.empty()) {
    throw Error(
        "--candidate-set {}: every selected cell has that value; select others with --filter",
        fmt::join(options.candidate_set, " "));
  }
  return pairs;
}

// The default calibration counts where it exists, a named one must.
fs::path calibration_of(const AbArguments& options) {
  const fs::path folder =
      session::results_path(options.calibration, options.selection.file, "-calibration");
  if (record::has_results(folder)) return folder;
  if (options.calibration.empty()) return {};
  throw Error("--calibration: '{}' holds no results; make one with moebench calibrate",
              folder.string());
}

// Before machine time is spent.
void check_metrics(const std::vector<std::string>& metrics,
                   const std::vector<session::PairedCell>& cells) {
  for (const std::string& metric : metrics) {
    for (const session::PairedCell& cell : cells) {
      gate::check_gated_metric(metric, cell.base.measure);
    }
  }
}

void check_candidate(const AbArguments& options) {
  if (options.candidate.empty() && options.candidate_set.empty()) {
    throw Error("name what is compared: --candidate PATH, or --candidate-set AXIS=VALUE");
  }
}

// The worker that a word of the user means: a program, or a build folder with bin/moebench-rank.
fs::path find_worker_at(const std::string& path, const std::string& option) {
  if (path.empty()) return launch::find_worker();
  for (const fs::path& worker : {fs::path(path), fs::path(path) / "bin" / "moebench-rank",
                                 fs::path(path) / "moebench-rank"}) {
    if (launch::is_program(worker)) {
      return launch::checked_worker(fs::absolute(worker).lexically_normal());
    }
  }
  throw Error(
      "{}: '{}' is no program and holds no bin/moebench-rank; name a worker or a build folder",
      option, path);
}

void find_programs(const AbArguments& options, session::PairSession& pairs) {
  std::vector<CellConfig> cells;
  for (const session::PairedCell& pair : pairs.cells) {
    cells.insert(cells.end(), {pair.base, pair.candidate});
  }
  const bool names_worker = !options.base.empty() || !options.candidate.empty();
  for (const CellConfig& cell : cells) {
    if (!names_worker || cell.engine.is_builtin()) continue;
    throw Error(
        "--base and --candidate name builds of moebench's own engine, but {} is of engine '{}'; "
        "compare two of its settings with --candidate-set, or select cells with --filter "
        "engine=builtin",
        cell.id(), cell.engine.name);
  }
  pairs.base_worker =
      options.base.empty() ? launch::find_programs(cells) : find_worker_at(options.base, "--base");
  pairs.candidate_worker = options.candidate.empty()
                               ? pairs.base_worker
                               : find_worker_at(options.candidate, "--candidate");
}

// What a session's base is called: its worker, or where there is none its engine.
std::string name_of_base(const session::PairSession& pairs) {
  return pairs.base_worker.empty() ? pairs.cells.front().base.engine.name
                                   : pairs.base_worker.string();
}

}  // namespace

session::PairSession start_session(const LauncherOptions& launcher, const ProgressOptions& progress,
                                   const std::string& command_line) {
  session::PairSession pairs;
  pairs.launcher = launcher.choice();
  pairs.command_line = command_line;
  pairs.progress = &std::cerr;
  pairs.is_terminal = ::isatty(STDERR_FILENO) == 1;
  pairs.verbosity = progress.verbosity();
  return pairs;
}

int run_session(session::PairSession pairs) {
  switch (session::run_pairs(std::move(pairs))) {
    case session::PairsEnd::kComplete:
      return kExitOk;
    case session::PairsEnd::kCellFailed:
      return kExitCellFailed;
    case session::PairsEnd::kInterrupted:
      break;
  }
  std::cerr << "moebench: interrupted; finished pairs are kept, run again to continue\n";
  return kExitInterrupted;
}

int run_command(const CalibrateArguments& options) {
  session::PairSession pairs =
      start_session(options.launcher, options.progress, options.command_line);
  pairs.folder = session::results_path(options.out, options.selection.file, "-calibration");
  pairs.cells = same_cells(options.selection);
  find_programs({}, pairs);
  pairs.plan.kind = record::SessionKind::kCalibration;
  pairs.plan.base = pairs.plan.candidate = name_of_base(pairs);
  pairs.plan.looks = {static_cast<int>(options.pairs)};
  pairs.plan.busy_cores = options.busy_cores;
  pairs.force = options.force;
  pairs.fresh = options.fresh;
  const int exit_code = run_session(std::move(pairs));
  if (exit_code == kExitInterrupted) return exit_code;
  const auto folder = session::results_path(options.out, options.selection.file, "-calibration");
  return write_outputs(
      exit_code, {[&] {
        print_document(power_document({.selection = options.selection, .calibration = folder}));
      }});
}

int run_command(const AbArguments& options) {
  check_candidate(options);
  session::PairSession pairs =
      start_session(options.launcher, options.progress, options.command_line);
  pairs.folder = session::results_path(options.out, options.selection.file, "-ab");
  pairs.cells =
      options.candidate_set.empty() ? same_cells(options.selection) : counterparts(options);
  check_metrics(options.metrics, pairs.cells);
  find_programs(options, pairs);
  pairs.plan.base = name_of_base(pairs);
  pairs.plan.candidate = options.candidate_set.empty()
                             ? pairs.candidate_worker.string()
                             : fmt::format("{}", fmt::join(options.candidate_set, " "));
  record::plan_looks(pairs.plan, looks_of(options.pairs));
  pairs.plan.metrics = options.metrics;
  pairs.plan.mde = parse_percent(options.mde, "--mde");
  pairs.plan.busy_cores = options.busy_cores;
  pairs.calibration = calibration_of(options);
  pairs.force = options.force;
  pairs.fresh = options.fresh;
  pairs.extend = options.extend;
  const std::string folder = pairs.folder.string();
  const int exit_code = run_session(std::move(pairs));
  if (exit_code != kExitInterrupted) {
    launch::notes(&std::cerr, options.progress.verbosity())
        << "judge it with: moebench gate " << folder << "\n";
  }
  return exit_code;
}

}  // namespace moebench::cli
