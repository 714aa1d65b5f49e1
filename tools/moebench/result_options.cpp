#include "tools/moebench/result_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "harness/config/limits.h"
#include "harness/imports/importer.h"
#include "harness/trainers/adapter.h"
#include "tools/moebench/number_checks.h"
#include "tools/moebench/option_groups.h"
#include "tools/moebench/wrong_words.h"

namespace moebench::cli {
namespace {

constexpr double kMaxPrice = 1e9;  // of a GPU-hour

// DIR..., and what tells their records apart or leaves some out.
void add_results(CLI::App& app, std::vector<std::string>& folders, std::vector<std::string>& labels,
                 std::vector<std::string>& filters) {
  app.add_option("DIR", folders, "Results folders, or their results.jsonl")->required();
  add_words(app, "--label", labels, "Names of several folders, default theirs: old,new");
  add_words(app, "--filter", filters, "Only cells with these axis values: axis=value,...");
}

void add_report(CLI::App& app, ReportArguments& options) {
  CLI::App* report = app.add_subcommand("report", "Print the results of one or several folders");
  add_results(*report, options.folders, options.labels, options.filters);
  add_format(*report, options.format,
             "Default: terminal on a terminal, else markdown; card: YAML, a document a cell",
             {kCard});
  add_figure(*report, options.figure);
  add_words(*report, "--baseline,--reference", options.reference,
            "What to compare with: axis=value,axis=value,...");
  add_words(*report, "--rows", options.rows, "Pivot: axes whose values are rows");
  add_words(*report, "--columns", options.columns,
            "Columns of the first table; of a pivot axes whose values are columns");
  add_words(*report, "--values", options.values, "Pivot: metrics, a table each");
  report->add_flag("--wide", options.is_wide, "All columns, and nothing folded or left out");
  report->add_flag("--fms-table", options.fms_table,
                   "The columns of fms-acceleration's benchmark table");
  report->add_flag("--seed-table", options.fms_table)->group("");  // its name of before
  report->add_flag("--profile", options.profile, "The profiles, where the cells have any");
  report
      ->add_option("--published", options.published,
                   "Beside figures that others have published, by default the tree's")
      ->type_name("FILE")
      ->expected(0, 1)
      ->default_str(kPublishedFigures);
  report
      ->add_option("--price", options.price,
                   "What a GPU-hour costs, for the cost of a billion tokens")
      ->type_name("PER_GPU_HOUR")
      ->check(number_from_0(kMaxPrice));
  report->add_flag("--keep-other-builds", options.keep_other_builds,
                   "Of each cell the repetitions of all workers, not the latest's alone");
  report->add_option("--out", options.out, "File to write, default stdout")->type_name("FILE");
}

void add_diff(CLI::App& app, DiffArguments& options) {
  CLI::App* diff = app.add_subcommand(
      "diff", "Show side by side where two results or two cells differ in time and memory");
  add_results(*diff, options.folders, options.labels, options.filters);
  add_words(*diff, "--from", options.from, "What the cells to compare with have: axis=value,...");
  add_words(*diff, "--to", options.to, "What the cells to compare have: axis=value,...");
  diff->add_option("--top", options.top, "Rows of a table of operations")
      ->capture_default_str()
      ->type_name("N")
      ->check(whole_number(1, kMaxRows));
  add_format(*diff, options.format);
  diff->add_flag("--keep-other-builds", options.keep_other_builds,
                 "Of each cell the repetitions of all workers, not the latest's alone");
  diff->add_option("--out", options.out, "File to write, default stdout")->type_name("FILE");
}

void add_crossover(CLI::App& app, CrossoverArguments& options) {
  CLI::App* crossover = app.add_subcommand(
      "crossover", "Show for which tokens and networks expert parallelism wins, and where not");
  add_results(*crossover, options.folders, options.labels, options.filters);
  crossover
      ->add_option("--against", options.against, "Parallelism to compare with, default all others")
      ->type_name("NAME")
      ->check(known_word({"fsdp", "hsdp"}));
  add_format(*crossover, options.format);
  add_figure(*crossover, options.figure);
  crossover->add_flag("--keep-other-builds", options.keep_other_builds,
                      "Of each cell the repetitions of all workers, not the latest's alone");
  crossover->add_option("--out", options.out, "File to write, default stdout")->type_name("FILE");
}

void add_adopt(CLI::App& app, AdoptArguments& options) {
  CLI::App* adopt =
      app.add_subcommand("adopt", "Make a record of a run that was made elsewhere, from its logs");
  adopt->add_option("LOG", options.logs, "Files of one run")->required();
  std::vector<std::string> adapters = {"auto"};
  for (const trainers::AdapterInfo& row : trainers::adapters()) adapters.emplace_back(row.name);
  adopt->add_option("--adapter", options.adapter, "Whose logs they are; auto: by their lines")
      ->capture_default_str()
      ->type_name("NAME")
      ->check(known_word(adapters));
  adopt->add_option("--pattern", options.pattern, "Regular expression with groups, for regex")
      ->type_name("TEXT");
  add_words(*adopt, "--meaning", options.meaning, "For regex: tokens_scope=global,...");
  add_words(*adopt, "--set", options.axes, "What the run was: axis=value,axis=value,...");
  adopt->add_option("--warmup-steps", options.warmup_steps, "First steps that are not measured")
      ->capture_default_str()
      ->type_name("N")
      ->check(whole_number(0, config::kMaxSteps));
  adopt->add_option("--scenario", options.scenario, "Under which heading reports show it")
      ->capture_default_str()
      ->type_name("NAME");
  adopt->add_option("--out", options.out, "Results folder to add it to")
      ->capture_default_str()
      ->type_name("DIR");
}

void add_import(CLI::App& app, ImportArguments& options) {
  CLI::App* import =
      app.add_subcommand("import", "Make records of the results that another harness has written");
  std::vector<std::string> kinds;
  for (const imports::ImporterInfo& row : imports::importers()) kinds.emplace_back(row.name);
  import->add_option("KIND", options.kind, "Whose results they are")
      ->required()
      ->check(known_word(kinds));
  import->add_option("FILE", options.files, "Its files, each with all of its runs")->required();
  import->add_option("--scenario", options.scenario, "Heading in reports, default KIND")
      ->type_name("NAME");
  import->add_option("--out", options.out, "Results folder to add them to")
      ->capture_default_str()
      ->type_name("DIR");
}

}  // namespace

void add_result_commands(CLI::App& app, const ResultCommands& commands) {
  add_report(app, commands.report);
  add_diff(app, commands.diff);
  add_crossover(app, commands.crossover);
  add_adopt(app, commands.adopt);
  add_import(app, commands.import);
}

}  // namespace moebench::cli
