#include <fmt/core.h>

#include <filesystem>
#include <iostream>

#include "harness/base/printable.h"
#include "harness/base/system_error.h"
#include "harness/config/engine.h"
#include "harness/launch/run_cell.h"
#include "harness/session/results_folder.h"
#include "reports/figures/figures.h"
#include "reports/write/cells.h"
#include "reports/write/profile.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

RunArguments run_options(const ProfileArguments& options) {
  RunArguments run;
  run.selection = options.selection;
  run.out = session::results_path(options.out, options.selection.file, "-profile").string();
  run.repeats = "1";
  run.launcher = options.launcher;
  run.force = options.force;
  run.progress = options.progress;
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
      if (axis == "parallelism" || reports::is_degree(axis) || axis == "expert_kernel") {
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

std::vector<record::CellRecord> of_other_engines(const std::vector<record::CellRecord>& records) {
  std::vector<record::CellRecord> others;
  for (const auto& record : records) {
    const std::string engine = record.axis("engine");
    if (!engine.empty() && engine != config::kBuiltinEngine) others.push_back(record);
  }
  return others;
}

reports::Document document_of(const ProfileArguments& options, const fs::path& results,
                              const std::vector<record::CellRecord>& records,
                              reports::Format format) {
  const bool with_figures = reports::shows_figures(format);
  const reports::ProfileOptions top = {static_cast<std::size_t>(options.top)};
  reports::Document document = any_is_profiled(records)
                                   ? (with_figures ? reports::illustrated_profile(records, top)
                                                   : reports::profile_document(records, top))
                                   : (with_figures ? reports::illustrated_report(records)
                                                   : reports::report_document(records));
  const auto others = of_other_engines(records);
  if (any_is_profiled(records) && !others.empty()) {
    append(document, reports::report_document(others));  // with the phases that they say
  }
  append(document, reports::load_profiles_document(records));  // of cells that measure loading
  std::string traces = list_files(records, results, "trace.json");
  if (!traces.empty()) {
    traces.pop_back();
    add_heading(document, 3, "Traces of all ranks");
    add_paragraph(document, traces);
  }
  return document;
}

void print_profile(const ProfileArguments& options, const fs::path& results,
                   const std::vector<record::CellRecord>& records) {
  if (options.format == kPstats) {
    print_text(list_files(records, results, "profile.pstats"));
    return;
  }
  const reports::Format format = output_format(options.format, options.figure);
  if (format == reports::Format::kJson) {
    print_text(reports::write_report(records, {.format = format}));
  } else {
    print_document(document_of(options, results, records, format), format, options.figure);
  }
}

}  // namespace

int run_command(const ProfileArguments& options) {
  const RunArguments run = run_options(options);
  const RunOutcome outcome = run_cells(run);
  if (outcome.exit_code == kExitInterrupted) return outcome.exit_code;
  const int exit_code =
      write_outputs(outcome.exit_code, {[&] { print_profile(options, run.out, outcome.records); }});
  for (const auto& record : outcome.records) {
    if (record.disposition == record::Disposition::kOk) continue;
    std::cerr << fmt::format("moebench: {} is {}: {}\n", record.id, to_string(record.disposition),
                             printable_lines(record.message));
  }
  return exit_code;
}

}  // namespace moebench::cli
