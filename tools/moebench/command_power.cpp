#include <fmt/core.h>

#include <iostream>

#include "harness/base/error.h"
#include "harness/base/units.h"
#include "harness/session/plan.h"
#include "harness/session/results_folder.h"
#include "reports/gate/plan.h"
#include "reports/write/format_value.h"
#include "reports/write/table.h"
#include "tools/moebench/commands.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

using reports::Align;
using reports::kNone;

fs::path calibration_folder(const PowerOptions& options) {
  return session::results_path(options.calibration, options.selection.file, "-calibration");
}

std::string minutes_text(double ns) {
  const double minutes = ns / kNsPerSecond / 60;
  return minutes < 1 ? fmt::format("{:.0f} s", minutes * 60) : fmt::format("{:.1f} min", minutes);
}

gate::PlanRequest request_of(const PowerOptions& options,
                             const std::vector<config::CellConfig>& cells) {
  gate::PlanRequest request;
  for (const config::CellConfig& cell : cells) {
    request.cells.push_back({cell.id(), cell.id(), cell.scenario, cell.axes()});
  }
  const fs::path folder = calibration_folder(options);
  request.calibration = record::load(folder);
  // The pairs that the calibration took for valid are.
  if (const auto session = record::load_session(folder)) request.busy_cores = session->busy_cores;
  request.effect = parse_percent(options.effect, "--effect");
  if (!options.noise.empty()) request.noise = parse_percent(options.noise, "--noise");
  return request;
}

std::string table_text(const gate::Plan& plan, const std::vector<config::CellConfig>& cells,
                       const std::string& effect) {
  reports::Table table = {{"cell", Align::kLeft},
                          {"run noise"},
                          {fmt::format("pairs for +{}", effect)},
                          {fmt::format("{} pairs find", gate::kUsualPairs)},
                          {"time of a pair"}};
  const auto axes = session::varying_axes(cells);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const gate::CellPlan& cell = plan.cells[i];
    table[0].cells.push_back(session::describe(cells[i], axes));
    table[1].cells.push_back(reports::format_share(cell.noise));
    table[2].cells.push_back(cell.pairs ? std::to_string(*cell.pairs) : kNone);
    table[3].cells.push_back(reports::format_change(cell.smallest));
    table[4].cells.push_back(cell.pair_ns ? minutes_text(*cell.pair_ns) : kNone);
  }
  return to_markdown(table);
}

}  // namespace

std::string power_text(const PowerOptions& options) {
  const auto cells =
      session::cells_to_run(session::select_scenarios(options.selection), options.selection);
  const gate::Plan plan = gate::make_plan(request_of(options, cells));
  std::string text = table_text(plan, cells, options.effect) + "\n";
  if (!plan.pairs) {
    text += fmt::format(
        "The pairs are not known for every cell: calibrate with 'moebench calibrate "
        "{}', or find more than +{}.\n",
        options.selection.file, options.effect);
    return text;
  }
  text += fmt::format(
      "{} pairs of each cell find +{} in any one of {} cells with a probability of "
      "{:g} %",
      *plan.pairs, options.effect, cells.size(), gate::kPower * 100);
  if (plan.time_ns)
    text += fmt::format("; they take {} of this machine", minutes_text(*plan.time_ns));
  return text + ".\n";
}

int run_command(const PowerOptions& options) {
  if (options.noise.empty() && record::load(calibration_folder(options)).empty()) {
    throw Error("no calibration in '{}'; make one with 'moebench calibrate {}', or give --noise",
                calibration_folder(options).string(), options.selection.file);
  }
  std::cout << power_text(options);
  return kExitOk;
}

}  // namespace moebench::cli
