#include "tools/moebench/wrong_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/words.h"
#include "tools/moebench/help_pages.h"

namespace moebench::cli {
namespace {

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // kept for those who know it
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// By a long name or a short one.
bool has_option(const CLI::App& command, const std::string& name) {
  const auto options = command.get_options();
  return std::ranges::any_of(options,
                             [&](const CLI::Option* option) { return option->check_name(name); });
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<std::string> positionals_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) names.push_back(option->get_single_name());
  }
  return names;
}

// "--out=x" -> "--out"
std::string option_name(const std::string& word) { return word.substr(0, word.find('=')); }

[[noreturn]] void refuse(const std::string& complaint, const CLI::App& command) {
  throw Error("{} (see {})", complaint, help_page(command));
}

[[noreturn]] void refuse_word_before_command(const CLI::App& app, const std::string& word) {
  if (!word.starts_with('-')) refuse_command(app, word);
  const std::string name = option_name(word);
  for (const CLI::App* command : commands_of(app)) {
    if (!has_option(*command, name)) continue;
    refuse(fmt::format("option '{}' stands before the command; write it behind: moebench {} {} ...",
                       shortened(name), command->get_name(), name),
           app);
  }
  refuse(fmt::format("no option '{}'; {}", shortened(name), suggestion(name, options_of(app))),
         app);
}

[[noreturn]] void refuse_word_of(const CLI::App& command, const std::string& word) {
  const std::string& name = command.get_name();
  if (word.starts_with('-')) {
    refuse(fmt::format("{} has no option '{}'; {}", name, shortened(option_name(word)),
                       suggestion(option_name(word), options_of(command))),
           command);
  }
  const auto positionals = positionals_of(command);
  refuse(fmt::format("{} has no place for '{}'; {}", name, shortened(word),
                     positionals.empty() ? "it takes options only"
                                         : fmt::format("it takes {}", fmt::join(positionals, " "))),
         command);
}

}  // namespace

void refuse_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  refuse(fmt::format("no command '{}'; {}", shortened(word), suggestion(word, names)), app);
}

void refuse_words(const CLI::App& app, const std::string& complaint) {
  if (has_unknown_words(app)) refuse_word_before_command(app, app.remaining().front());
  const auto given = app.get_subcommands();
  if (given.empty()) refuse("a command is missing; moebench alone shows the first steps", app);
  const CLI::App& command = *given.front();
  const auto words = command.remaining();
  if (!words.empty()) refuse_word_of(command, words.front());
  refuse(shortened_words(complaint), command);
}

bool has_unknown_words(const CLI::App& app) { return !app.remaining().empty(); }

CLI::Validator known_word(std::vector<std::string> words) {
  const std::string description = fmt::format("{{{}}}", fmt::join(words, ","));
  return {[words = std::move(words)](std::string& word) {
            if (std::ranges::count(words, word) > 0) return std::string();
            return fmt::format("'{}' is not known; {}", shortened(word), suggestion(word, words));
          },
          description};
}

}  // namespace moebench::cli
