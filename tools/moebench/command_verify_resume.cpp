#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "harness/base/error.h"
#include "harness/base/system_error.h"
#include "harness/session/plan.h"
#include "harness/session/results_folder.h"
#include "harness/session/verify_resume.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"
#include "tools/moebench/resume_report.h"

namespace moebench::cli {

int run_command(const VerifyResumeArguments& options) {
  const auto scenarios = session::select_scenarios(options.selection);
  const auto cells = session::cells_to_resume(scenarios, options.selection);
  for (const config::CellConfig& cell : cells) {
    if (cell.engine.is_builtin()) continue;
    throw Error(
        "verify-resume is of moebench's own engine, and cell {} is of '{}'; select others with "
        "--filter engine=builtin",
        cell.id(), cell.engine.name);
  }
  const auto rows = session::verify_resume(
      {.folder = session::results_path(options.out, options.selection.file, "-verify"),
       .cells = cells,
       .steps_before = options.steps_before,
       .force = options.force,
       .launcher = options.launcher.choice(),
       .command_line = options.command_line,
       .progress = &std::cerr,
       .is_terminal = ::isatty(STDERR_FILENO) == 1,
       .verbosity = options.progress.verbosity()});
  if (!rows) {
    std::cerr << "moebench: interrupted; run again to verify from the start\n";
    return kExitInterrupted;
  }
  const bool all_pass = std::ranges::all_of(
      *rows, [](const session::ResumeRow& row) { return row.check.failure.empty(); });
  return write_outputs(all_pass ? kExitOk : kExitCellFailed,
                       {[&] { print_document(resume_document(*rows)); }});
}

}  // namespace moebench::cli
