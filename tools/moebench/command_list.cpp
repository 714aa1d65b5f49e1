#include "harness/session/plan.h"
#include "tools/moebench/cell_table.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const ListArguments& options) {
  std::vector<CellRow> rows;
  for (const config::Scenario& scenario : session::select_scenarios(options.selection)) {
    for (const config::CellConfig& cell : scenario.cells) {
      rows.push_back({cell, scenario.slow ? "slow" : ""});
    }
  }
  print_document(cell_document(rows), output_format(options.format, reports::Format::kTerminal));
  return kExitOk;
}

}  // namespace moebench::cli
