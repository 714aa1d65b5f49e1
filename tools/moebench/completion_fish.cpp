#include <fmt/ranges.h>

#include "tools/moebench/completion.h"

namespace moebench::cli {
namespace {

constexpr const char* kFishHelpers =
    R"(# Completion of moebench for fish, made by `moebench completion fish`.
# Whether the first word that is no option is this command; without an argument, whether there is none.
function __moebench_is
  set -l words (commandline -opc)
  for word in $words[2..-1]
    string match -q -- '-*' $word; and continue
    test "$word" = "$argv[1]"
    return
  end
  test -z "$argv[1]"
end
# What a list with commas may become.
function __moebench_list
  set -l before (string match -r '.*,' -- (commandline -ct))
  for word in $argv
    echo $before$word
  end
end
)";

// In single quotes of fish, where a backslash quotes itself and the quote.
std::string fish_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

// The options of `complete` that say what a value may be.
std::string value_words(const OptionWords& option) {
  const std::string words = fmt::format("{}", fmt::join(option.words, " "));
  switch (option.kind) {
    case ValueKind::kNone:
      return "";
    case ValueKind::kAny:
      return " -x";
    case ValueKind::kWord:
      return " -x -a " + fish_quoted(option.has_commas ? "(__moebench_list " + words + ")" : words);
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kScenario:
      return " -r -F -a \"$__moebench_scenarios\"";
    case ValueKind::kModel:
      return " -r -F -a \"$__moebench_models\"";
  }
  return "";
}

std::string line(const CommandWords& command, const std::string& what) {
  return fmt::format("complete -c moebench -n '__moebench_is {}'{}\n", command.name, what);
}

void add_command(const CommandWords& command, std::string& script) {
  for (const OptionWords& option : command.options) {
    std::string names;
    for (const std::string& name : option.names) {
      names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    script += line(command, names + value_words(option) + " -d " + fish_quoted(option.help));
  }
  for (const OptionWords& positional : command.positionals) {
    if (positional.kind == ValueKind::kAny) continue;
    std::string words = value_words(positional);
    // These say that an option takes a value; a positional is one.
    for (const char* option : {" -x", " -r"}) {
      if (words.starts_with(option)) words = words.substr(3);
    }
    script += line(command, words);
  }
}

}  // namespace

std::string fish_completion(const std::vector<CommandWords>& commands,
                            const ShippedNames& shipped) {
  std::string script = kFishHelpers;
  script += fmt::format("set -g __moebench_scenarios {}\nset -g __moebench_models {}\n",
                        fish_quoted(fmt::format("{}", fmt::join(shipped.scenarios, " "))),
                        fish_quoted(fmt::format("{}", fmt::join(shipped.models, " "))));
  script += "complete -c moebench -f\n";
  for (const CommandWords& command : commands) {
    if (command.name.empty()) continue;
    script += fmt::format("complete -c moebench -n __moebench_is -a {} -d {}\n", command.name,
                          fish_quoted(command.help));
  }
  for (const CommandWords& command : commands) add_command(command, script);
  return script;
}

}  // namespace moebench::cli
