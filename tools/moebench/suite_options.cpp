#include "tools/moebench/suite_options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tools/moebench/completion.h"
#include "tools/moebench/option_groups.h"
#include "tools/moebench/wrong_words.h"

namespace moebench::cli {

void add_suite_commands(CLI::App& app, SuiteArguments& options) {
  CLI::App* models = app.add_subcommand("models", "List the models that come with moebench");
  add_format(*models, options.models.format);
  CLI::App* scenarios = app.add_subcommand(
      "scenarios", "List the scenario files that come with moebench, and how long they took here");
  scenarios
      ->add_option("--results", options.scenarios.results,
                   "Folder of results folders, whose runs tell the times")
      ->capture_default_str()
      ->type_name("DIR");
  add_format(*scenarios, options.scenarios.format);
  CLI::App* completion =
      app.add_subcommand("completion", "Print the script that makes a shell complete moebench");
  completion->add_option("SHELL", options.completion.shell, "Whose script")
      ->required()
      ->check(known_word(names<Shell>()));
  CLI::App* man = app.add_subcommand("man", "Print a manual page, for man -l -");
  man->add_option("COMMAND", options.man.command, "Whose page, default moebench's own");
  man->add_option("--out", options.man.out, "Write all pages into this folder instead")
      ->type_name("DIR");
}

std::optional<SuiteCommand> given_suite_command(const CLI::App& app, SuiteArguments options) {
  if (app.got_subcommand("models")) return options.models;
  if (app.got_subcommand("scenarios")) return options.scenarios;
  if (app.got_subcommand("completion")) {
    options.completion.commands = command_words(app);
    return options.completion;
  }
  if (app.got_subcommand("man")) {
    options.man.commands = command_words(app);
    return options.man;
  }
  return std::nullopt;
}

}  // namespace moebench::cli
