#include "harness/session/plan.h"
#include "harness/session/rounds.h"
#include "tools/moebench/cell_table.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const ListArguments& options) {
  std::vector<CellRow> rows;
  reports::Table others = {reports::key_column("scenario"),
                           reports::words_column("cannot run here")};
  for (const config::Scenario& scenario : session::select_scenarios(options.selection)) {
    for (const config::CellConfig& cell : scenario.cells) {
      std::string note = scenario.slow ? "slow" : "";
      if (cell.repeats_auto) {
        note += (note.empty() ? "" : ", ") + session::repeats_text(cell) + " repetitions";
      }
      rows.push_back({cell, note});
    }
    if (!scenario.cannot_run.empty()) add_row(others, {scenario.name, scenario.cannot_run});
  }
  reports::Document document;
  if (!rows.empty()) document = cell_document(rows);
  if (reports::num_rows(others) > 0) add_table(document, std::move(others));
  print_document(document, output_format(options.format, reports::Format::kTerminal));
  return kExitOk;
}

}  // namespace moebench::cli
