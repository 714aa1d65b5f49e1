#include "tools/moebench/command_words.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <sstream>

namespace moebench::cli {
namespace {

// Help shows the words of known_word() in braces behind the name of the value.
std::vector<std::string> words_of(const std::string& value) {
  const std::size_t begin = value.find('{');
  const std::size_t end = value.find('}', begin);
  if (end == std::string::npos) return {};
  std::vector<std::string> words;
  std::istringstream list(value.substr(begin + 1, end - begin - 1));
  for (std::string word; std::getline(list, word, ',');) words.push_back(word);
  return words;
}

// A FILE whose cells --filter selects is a scenario file.
bool takes_cells(const CLI::App& app) {
  return app.get_option_no_throw("--filter") != nullptr &&
         app.get_option_no_throw("FILE") != nullptr;
}

ValueKind kind_of(const CLI::App& app, const OptionWords& option) {
  const std::string& name = option.names.front();
  const std::string what =
      name.starts_with('-') ? option.value.substr(0, option.value.find(':')) : name;
  if (!option.words.empty()) return ValueKind::kWord;
  if (name == "--model") return ValueKind::kModel;
  if (what == "FILE") {
    return what == name && takes_cells(app) ? ValueKind::kScenario : ValueKind::kFile;
  }
  if (what == "LOG" || what == "PATH" || what == "CHECKPOINT") return ValueKind::kFile;
  return what == "DIR" ? ValueKind::kFolder : ValueKind::kAny;
}

OptionWords read_option(const CLI::App& app, const CLI::Option& option) {
  OptionWords read;
  for (const std::string& name : option.get_snames()) read.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) read.names.push_back("--" + name);
  if (option.get_positional()) read.names = {option.get_name(true)};
  read.help = option.get_description();
  if (option.get_items_expected_max() == 0) return read;  // a flag
  read.value = option.get_type_name();
  read.words = words_of(read.value);
  read.has_commas = option.get_delimiter() != '\0';
  read.is_required = option.get_required();
  read.repeats = option.get_expected_max() > 1;
  read.default_text = option.get_default_str();
  read.kind = kind_of(app, read);
  return read;
}

CommandWords read_command(const CLI::App& app, const std::string& name) {
  CommandWords command{name, app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    auto& options = option->get_positional() ? command.positionals : command.options;
    options.push_back(read_option(app, *option));
  }
  return command;
}

}  // namespace

std::vector<CommandWords> command_words(const CLI::App& app) {
  std::vector<CommandWords> commands = {read_command(app, "")};
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;  // hidden
    commands.push_back(read_command(*command, command->get_name()));
    names.push_back(command->get_name());
  }
  for (CommandWords& command : commands) {
    for (OptionWords& positional : command.positionals) {
      if (positional.names.front() != "COMMAND") continue;
      positional.kind = ValueKind::kWord;
      positional.words = names;
    }
  }
  return commands;
}

}  // namespace moebench::cli
