#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/moebench/command_words.h"

namespace CLI {
class App;
}

// Commands that tell what the suite has and how it is called.
namespace moebench::cli {

struct ModelsArguments {
  std::string format;
};

struct ScenariosArguments {
  std::string results = "results";  // folder of results folders
  std::string format;
};

struct CompletionArguments {
  std::string shell;  // word of Shell
  std::vector<CommandWords> commands;
};

struct ManArguments {
  std::string command;  // empty: the program's page
  std::string out;      // folder for all pages; empty: one, to stdout
  std::vector<CommandWords> commands;
};

using SuiteCommand =
    std::variant<ModelsArguments, ScenariosArguments, CompletionArguments, ManArguments>;

struct SuiteArguments {
  ModelsArguments models{};
  ScenariosArguments scenarios{};
  CompletionArguments completion{};
  ManArguments man{};
};

void add_suite_commands(CLI::App& app, SuiteArguments& options);

// The one that was given, if any, with the words of `app` where it needs them.
std::optional<SuiteCommand> given_suite_command(const CLI::App& app, SuiteArguments options);

}  // namespace moebench::cli
