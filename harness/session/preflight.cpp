#include "harness/session/preflight.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ostream>
#include <set>

#include "harness/base/system_error.h"
#include "harness/base/words.h"
#include "harness/checkpoint/folder.h"
#include "harness/launch/links.h"
#include "harness/session/data_check.h"
#include "harness/session/plan.h"
#include "harness/session/weights_check.h"
#include "harness/weights/expert_trace.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;
using config::CellConfig;

constexpr std::size_t kMostListed = 20;  // cells that do not fit

// Each cell once, whatever the number of its repetitions; without those that may fail.
std::vector<CellConfig> distinct(const std::vector<CellConfig>& cells) {
  std::vector<CellConfig> found;
  std::set<std::string> ids;
  for (const CellConfig& cell : cells) {
    if (!cell.known_failure && ids.insert(cell.id()).second) found.push_back(cell);
  }
  return found;
}

// Says it without making the folder: a plan that is refused leaves nothing behind.
void check_is_writable(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder, ignored)) return;  // ResultsFolder finds out
  fs::path there = fs::absolute(folder);
  while (!fs::exists(there, ignored) && there != there.parent_path()) there = there.parent_path();
  const bool is_folder = fs::is_directory(there, ignored);
  if (is_folder && ::access(there.c_str(), W_OK | X_OK) == 0) return;
  throw_errno(
      is_folder ? errno : ENOTDIR,
      fmt::format("cannot write results to '{}'", shortened(folder.string(), kLongestShownPath)));
}

void check_traces(const std::vector<CellConfig>& cells, bool may_leave_host, Problems& problems) {
  for (const CellConfig& cell : cells) {
    const std::string& file = cell.routing.trace_file;
    std::error_code ignored;
    const bool is_used = cell.engine.is_builtin() && cell.measure == config::Measure::kTrain &&
                         cell.routing.kind == config::RoutingKind::kTrace;
    if (!is_used || (may_leave_host && !fs::exists(file, ignored))) continue;
    problems.collect([&] { weights::find_expert_ids(file, cell.model); });
  }
}

void check_resumed(const std::vector<CellConfig>& cells, bool may_leave_host, Problems& problems) {
  std::set<std::string> checked;
  for (const CellConfig& cell : cells) {
    if (cell.resume_from.empty() || may_leave_host || !checked.insert(cell.resume_from).second) {
      continue;
    }
    problems.collect([&] { checkpoint::find_checkpoint(cell.resume_from); });
  }
}

void check_fits(const std::vector<CellConfig>& cells, const Preflight& preflight,
                bool may_leave_host, std::ostream& notes, Problems& problems) {
  const auto axes = varying_axes(cells);
  std::vector<std::string> too_large;
  std::vector<CellConfig> unsure;
  for (const CellConfig& cell : cells) {
    const MemoryFit fit = memory_fit(cell, preflight.capacity);
    if (fit.fit == Fit::kUnsure) unsure.push_back(cell);
    if (fit.fit == Fit::kNo) too_large.push_back(describe(cell, axes) + ": " + fit.text);
  }
  if (!unsure.empty()) {
    notes << fmt::format("warning: the estimate comes near to this host's memory in {}\n",
                         named_cells(unsure, axes));
  }
  if (too_large.empty()) return;
  std::string text = fmt::format("{} cell{} too large for the memory here:", too_large.size(),
                                 too_large.size() == 1 ? " is" : "s are");
  for (std::size_t i = 0; i < std::min(too_large.size(), kMostListed); ++i) {
    text += "\n  " + too_large[i];
  }
  if (too_large.size() > kMostListed) {
    text += fmt::format("\n  and {} more, see moebench list", too_large.size() - kMostListed);
  }
  if (may_leave_host || preflight.force) {
    notes << "warning: " << text << '\n';
  } else {
    problems.add(text + "\nselect others with --filter, or start them all the same with --force");
  }
}

}  // namespace

void check_before_start(const std::vector<CellConfig>& cells, const Preflight& preflight,
                        std::ostream& notes, Problems& problems) {
  const std::vector<CellConfig> checked = distinct(cells);
  const bool may_leave_host = launch::may_leave_host(
      launch::usual_launcher(preflight.launcher, preflight.place), preflight.place);
  for (const CellConfig& cell : checked) {
    problems.collect([&] { launch::check_launcher(cell, preflight.launcher, preflight.place); });
    problems.collect([&] { launch::check_network(cell, preflight.launcher, preflight.place); });
  }
  check_weights(checked, may_leave_host, problems);
  check_traces(checked, may_leave_host, problems);
  check_resumed(checked, may_leave_host, problems);
  check_data_files(checked, may_leave_host, notes, problems);
  problems.collect([&] { check_is_writable(preflight.folder); });
  check_fits(checked, preflight, may_leave_host, notes, problems);
  for (const std::string& warning : plan_warnings(checked, preflight.capacity, may_leave_host)) {
    notes << "warning: " << warning << '\n';
  }
  // Takes its time, and leaves files.
  if (problems.empty()) encode_data(cells, preflight.folder, notes, problems);
}

}  // namespace moebench::session
