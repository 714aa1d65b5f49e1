#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/config/scenario.h"
#include "harness/config/shipped.h"
#include "harness/record/record.h"
#include "harness/record/results_file.h"
#include "harness/stats/quantile.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

// Seconds of the ok repetitions of each cell, by its id.
using RunTimes = std::map<std::string, std::vector<double>>;

// Of all results folders in `folder`. A folder that cannot be read tells nothing.
RunTimes read_run_times(const fs::path& folder) {
  const record::Excerpt nothing = {[](std::string_view) { return false; },
                                   [](std::string_view) { return false; }};
  RunTimes times;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!record::has_results(entry.path())) continue;
    try {
      for (const record::CellRecord& record : record::load_excerpts(entry.path(), nothing)) {
        const auto time = record.value("run_time");
        if (record.disposition == record::Disposition::kOk && time)
          times[record.id].push_back(*time);
      }
    } catch (const Error&) {
      continue;  // report says what is wrong with it
    }
  }
  return times;
}

// The median run of each cell, summed: one round of all cells; nullopt where a cell never ran here.
std::optional<double> round_time(const std::vector<config::CellConfig>& cells,
                                 const RunTimes& times) {
  double sum = 0;
  std::set<std::string> seen;
  for (const config::CellConfig& cell : cells) {
    const std::string id = cell.id();
    if (!seen.insert(id).second) continue;
    const auto found = times.find(id);
    if (found == times.end()) return std::nullopt;
    sum += stats::median(found->second).value();
  }
  return cells.empty() ? std::nullopt : std::optional(sum);
}

std::string note_of(const config::Scenario& scenario) {
  if (!scenario.cannot_run.empty()) return "cannot run here";
  return scenario.slow ? "slow: --only " + scenario.name : "";
}

void add_file(const std::string& name, const RunTimes& times, reports::Table& table) {
  for (const config::Scenario& scenario : config::load_scenarios(config::find_scenario(name))) {
    reports::add_row(table,
                     {name, scenario.name, static_cast<double>(scenario.cells.size()),
                      round_time(scenario.cells, times), note_of(scenario), scenario.description});
  }
}

}  // namespace

int run_command(const ScenariosArguments& options) {
  const RunTimes times = read_run_times(options.results);
  reports::Table table = {reports::key_column("file"),
                          reports::key_column("scenario"),
                          reports::number_column("cells", reports::kCount),
                          reports::number_column("a round", reports::kSeconds, "round_time"),
                          reports::words_column("note"),
                          reports::words_column("what it compares")};
  for (const std::string& name : config::shipped_scenarios()) add_file(name, times, table);
  reports::Document document;
  reports::add_paragraph(
      document,
      fmt::format("moebench run FILE runs one. A round runs each cell once: what that took "
                  "here by the runs in '{}', where all cells have one.",
                  options.results));
  if (reports::num_rows(table) > 0) reports::add_table(document, std::move(table));
  print_document(document, output_format(options.format, reports::Format::kTerminal));
  return kExitOk;
}

}  // namespace moebench::cli
