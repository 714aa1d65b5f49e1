#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hub_cache.h"
#include "harness/base/system_error.h"
#include "harness/base/words.h"
#include "harness/config/cell.h"
#include "harness/config/mesh.h"
#include "harness/weights/parameters.h"
#include "reports/figures/figures.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

// Returns the folder of config.json: the checkpoint's, or the one that its only file lies in.
fs::path model_folder(const fs::path& checkpoint) {
  const fs::path folder =
      fs::is_directory(checkpoint) ? snapshot_in(checkpoint) : checkpoint.parent_path();
  refuse_dangling_link(folder / "config.json");
  if (fs::is_regular_file(folder / "config.json")) return folder;
  if (!fs::exists(checkpoint)) {
    throw Error(
        "checkpoint '{}' does not exist; correct the path or write one with 'moebench "
        "make-checkpoint'",
        checkpoint.string());
  }
  throw Error("no config.json in '{}'; put the model's there", folder.string());
}

// A YAML scalar in single quotes.
std::string yaml_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "''" : std::string(1, c);
  return result + "'";
}

std::int64_t ranks_of(const LoadArguments& options) {
  const std::int64_t ranks = options.ranks.value_or(options.ep_degree.value_or(1));
  if (options.one_rank.value_or(0) < ranks) return ranks;
  throw Error("--one-rank {}: the ranks are 0 to {}; give --ranks or --ep-degree",
              *options.one_rank, ranks - 1);
}

// The scenario is none that the user wrote, so its errors would name what nobody knows.
void check_ep_degree(const LoadArguments& options, const config::ModelConfig& model) {
  if (!options.ep_degree || options.parallelism != to_string(config::Parallelism::kEp)) return;
  config::CellConfig cell;
  cell.model = model;
  cell.ranks = options.ranks.value_or(model.num_experts);  // without --ranks any number of them
  std::vector<std::string> fitting;
  for (const std::int64_t degree : config::ep_degrees(cell)) {
    if (degree == *options.ep_degree) return;
    fitting.push_back(std::to_string(degree));
  }
  const bool fits_experts = model.num_experts % *options.ep_degree == 0;
  throw Error("--ep-degree: {} does not divide the {}; use {}", *options.ep_degree,
              fits_experts ? fmt::format("{} ranks", cell.ranks)
                           : fmt::format("{} experts of the model", model.num_experts),
              join_alternatives(fitting));
}

// The cells as a scenario, which `moebench run` takes as well.
std::string scenario_text(const LoadArguments& options, const fs::path& checkpoint,
                          const fs::path& model) {
  const std::string tensors = !options.tensors.empty()      ? options.tensors
                              : options.parallelism == "ep" ? "experts"
                                                            : "all";
  const std::vector<std::string> loaders =
      options.loaders.empty() ? std::vector<std::string>{"direct"} : options.loaders;
  std::string text = "# Written by moebench load.\nscenarios:\n  - name: load\n    axes:\n";
  text += fmt::format("      model: {}\n      parallelism: {}\n", yaml_quoted(model.string()),
                      options.parallelism);
  text += fmt::format("      ranks: {}\n", ranks_of(options));
  if (options.ep_degree) text += fmt::format("      ep_degree: {}\n", *options.ep_degree);
  text += fmt::format("      dtype: {}\n      loader: [{}]\n      cache: {}\n", options.dtype,
                      fmt::join(loaders, ", "), options.cache);
  text += fmt::format("    settings:\n      measure: load\n      load_from: {}\n",
                      yaml_quoted(checkpoint.string()));
  text += fmt::format("      load_tensors: {}\n      load_io: {}\n", tensors, options.io);
  if (options.one_rank) text += fmt::format("      one_rank: {}\n", *options.one_rank);
  return text + fmt::format("      threads_per_rank: {}\n      repeats: {}\n", options.threads,
                            options.repeats);
}

RunArguments run_options(const LoadArguments& options, const fs::path& scenario) {
  RunArguments run;
  run.selection.file = scenario.string();
  run.out = options.out;
  run.launcher = options.launcher;
  run.force = options.force;
  run.progress = options.progress;
  run.fresh = true;
  run.keep_disturbed = true;  // as often as --repeats says
  run.command_line = options.command_line;
  return run;
}

void print_report(const LoadArguments& options, const std::vector<record::CellRecord>& records) {
  const reports::Format format = output_format(options.format, options.figure);
  if (reports::prints_records(format)) {
    print_text(reports::write_report(records, {.format = format}));
    return;
  }
  reports::Document document = reports::shows_figures(format) ? reports::illustrated_report(records)
                                                              : reports::report_document(records);
  append(document, reports::load_profiles_document(records));
  print_document(document, format, options.figure);
}

}  // namespace

int run_command(const LoadArguments& options) {
  const fs::path checkpoint = fs::absolute(options.checkpoint).lexically_normal();
  const fs::path model = fs::absolute(model_folder(checkpoint)).lexically_normal();
  // This says what is wrong with the files before ranks are started for it.
  const config::ModelConfig config = config::load_model_config(model / "config.json");
  weights::checkpoint_source(checkpoint.string(), config);
  check_ep_degree(options, config);
  const fs::path scenario = fs::path(options.out) / "scenario.yaml";
  fs::create_directories(options.out);
  write_file_atomically(scenario, scenario_text(options, checkpoint, model));
  const RunOutcome run = run_cells(run_options(options, scenario));
  if (run.exit_code == kExitInterrupted) return run.exit_code;
  return write_outputs(run.exit_code, {[&] { print_report(options, run.records); }});
}

}  // namespace moebench::cli
