#include <fmt/core.h>

#include "harness/base/error.h"
#include "harness/session/plan.h"
#include "harness/session/results_folder.h"
#include "reports/gate/names.h"
#include "reports/gate/plan.h"
#include "reports/write/document.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

fs::path calibration_folder(const PowerArguments& options) {
  return session::results_path(options.calibration, options.selection.file, "-calibration");
}

gate::PlanRequest request_of(const PowerArguments& options,
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

reports::Table table_of(const gate::Plan& plan, const std::vector<config::CellConfig>& cells,
                        const std::string& effect) {
  using reports::number_column;
  reports::Table table = {
      reports::key_column("cell"), number_column("run noise", reports::kShare),
      number_column(fmt::format("pairs for +{}", effect), reports::kCount),
      number_column(fmt::format("{} pairs find", gate::kUsualPairs), reports::kChange),
      number_column("time of a pair", reports::without_printed_unit(reports::kSeconds))};
  const auto axes = session::varying_axes(cells);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const gate::CellPlan& cell = plan.cells[i];
    const auto pairs = cell.pairs ? std::optional<double>(*cell.pairs) : std::nullopt;
    const auto pair_time = cell.pair_ns
                               ? reports::Entry(cell.pair_ns, gate::duration_text(*cell.pair_ns))
                               : reports::Entry();
    add_row(table,
            {session::describe(cells[i], axes), cell.noise, pairs, cell.smallest, pair_time});
  }
  return table;
}

}  // namespace

reports::Document power_document(const PowerArguments& options) {
  const auto cells =
      session::cells_to_run(session::select_scenarios(options.selection), options.selection);
  const gate::Plan plan = gate::make_plan(request_of(options, cells));
  const reports::Table table = table_of(plan, cells, options.effect);
  if (!plan.pairs) {
    return {table, reports::Paragraph{fmt::format(
                       "The pairs are not known for every cell: calibrate with 'moebench calibrate "
                       "{}', or find more than +{}.",
                       options.selection.file, options.effect)}};
  }
  std::string text = fmt::format(
      "{} pairs of each cell find +{} in any one of {} cells with a probability of "
      "{:g} %",
      *plan.pairs, options.effect, cells.size(), gate::kPower * 100);
  if (plan.time_ns)
    text += fmt::format("; they take {} of this machine", gate::duration_text(*plan.time_ns));
  return {table, reports::Paragraph{text + "."}};
}

int run_command(const PowerArguments& options) {
  if (options.noise.empty() && record::load(calibration_folder(options)).empty()) {
    throw Error("no calibration in '{}'; make one with 'moebench calibrate {}', or give --noise",
                calibration_folder(options).string(), options.selection.file);
  }
  print_document(power_document(options), output_format(options.format));
  return kExitOk;
}

}  // namespace moebench::cli
