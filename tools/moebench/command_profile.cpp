#include <fmt/core.h>

#include <filesystem>
#include <iostream>

#include "harness/launch/run_cell.h"
#include "harness/session/results_folder.h"
#include "reports/write/profile.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

RunOptions run_options(const ProfileOptions& options) {
  RunOptions run;
  run.selection = options.selection;
  run.out = session::results_path(options.out, options.selection.file, "-profile").string();
  run.repeats = 1;
  run.launcher = options.launcher;
  run.fresh = options.fresh;
  run.keep_other_builds = options.keep_other_builds;
  run.profile = options.level;
  run.command_line = options.command_line;
  return run;
}

// The files that the ranks have left, by cell.
std::string list_files(const std::vector<record::CellRecord>& records, const fs::path& results,
                       const char* name) {
  std::string text;
  for (const record::CellRecord& record : records) {
    const fs::path file = results / "cells" / record.id / std::to_string(record.repetition) / name;
    if (!fs::exists(file)) continue;
    std::string axes;
    for (const auto& [axis, value] : record.axes) {
      if (axis == "parallelism" || axis == "ep_degree" || axis == "expert_kernel") {
        axes += (axes.empty() ? "" : " ") + axis + "=" + value;
      }
    }
    text += fmt::format("{}  {}\n", file.string(), axes);
  }
  return text;
}

bool any_is_profiled(const std::vector<record::CellRecord>& records) {
  for (const auto& record : records) {
    if (record.value("profiled_steps")) return true;
  }
  return false;
}

void print(const ProfileOptions& options, const fs::path& results,
           const std::vector<record::CellRecord>& records) {
  if (options.format == "json") {
    std::cout << reports::write_report(records, {.format = reports::Format::kJson});
  } else if (options.format == "pstats") {
    std::cout << list_files(records, results, "profile.pstats");
  } else {
    if (any_is_profiled(records)) {
      std::cout << reports::write_profile(records, {static_cast<std::size_t>(options.top)});
    } else {
      std::cout << reports::write_report(records, {});
    }
    std::cout << reports::write_load_profiles(records);  // of cells that measure loading
    const std::string traces = list_files(records, results, "trace.json");
    if (!traces.empty()) std::cout << "### Traces of all ranks\n\n" << traces;
  }
}

}  // namespace

int run_command(const ProfileOptions& options) {
  const RunOptions run = run_options(options);
  const RunOutcome outcome = run_cells(run);
  if (outcome.exit_code == kExitInterrupted) return outcome.exit_code;
  print(options, run.out, outcome.records);
  for (const auto& record : outcome.records) {
    if (record.disposition == record::Disposition::kOk) continue;
    std::cerr << fmt::format("moebench: {} is {}: {}\n", record.id, to_string(record.disposition),
                             record.message);
  }
  return outcome.exit_code;
}

}  // namespace moebench::cli
