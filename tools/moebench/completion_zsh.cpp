#include <fmt/ranges.h>

#include "harness/launch/shell_words.h"
#include "tools/moebench/completion.h"

namespace moebench::cli {
namespace {

constexpr const char* kEnd = R"(  case $state in
    command) _describe command commands ;;
    arguments)
      curcontext=${curcontext%:*:*}:moebench-$line[1]:
      case $line[1] in
)";

// What is within brackets, or between colons, of a specification of _arguments.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string action_for(const OptionWords& option) {
  switch (option.kind) {
    case ValueKind::kWord:
      return fmt::format(fmt::runtime(option.has_commas ? "_sequence compadd - {}" : "({})"),
                         fmt::join(option.words, " "));
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kScenario:
      return "_moebench_scenarios";
    case ValueKind::kModel:
      return "_moebench_models";
    case ValueKind::kAny:
    case ValueKind::kNone:
      break;
  }
  // A blank: a value follows, and nothing is known of it.
  return " ";
}

// "DIR" of "DIR", "N" of "N:1..65536".
std::string value_name(const OptionWords& option) {
  return escaped(option.value.substr(0, option.value.find(':')));
}

std::string option_spec(const OptionWords& option, const std::string& name) {
  if (option.kind == ValueKind::kNone) return fmt::format("{}[{}]", name, escaped(option.help));
  return fmt::format("{}{}=[{}]:{}:{}", option.repeats ? "*" : "", name, escaped(option.help),
                     value_name(option), action_for(option));
}

std::vector<std::string> specs_of(const CommandWords& command) {
  std::vector<std::string> specs;
  for (const OptionWords& option : command.options) {
    for (const std::string& name : option.names) specs.push_back(option_spec(option, name));
  }
  int place = 0;
  for (const OptionWords& positional : command.positionals) {
    specs.push_back(fmt::format(
        "{}:{}:{}",
        positional.repeats ? "*" : fmt::format("{}{}", ++place, positional.is_required ? "" : ":"),
        escaped(positional.names.front()), action_for(positional)));
  }
  return specs;
}

std::string quoted_specs(const std::vector<std::string>& specs, const std::string& indent) {
  std::string text;
  for (const std::string& spec : specs) text += " \\\n" + indent + launch::shell_quoted(spec);
  return text;
}

}  // namespace

std::string zsh_completion(const std::vector<CommandWords>& commands, const ShippedNames& shipped) {
  std::string script = "#compdef moebench\n# Made by `moebench completion zsh`.\n";
  script += fmt::format(
      "_moebench_scenarios() {{\n  _alternative 'scenarios:shipped scenario:({})' "
      "'files:scenario file:_files -g \"*.(yaml|yml)\"'\n}}\n",
      fmt::join(shipped.scenarios, " "));
  script += fmt::format(
      "_moebench_models() {{\n  _alternative 'models:shipped model:({})' 'files:file:_files'\n}}\n",
      fmt::join(shipped.models, " "));
  script += "_moebench() {\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n";
  script += "  local -a commands=(";
  for (const CommandWords& command : commands) {
    if (command.name.empty()) continue;
    script += "\n    " + launch::shell_quoted(command.name + ":" + command.help);
  }
  std::vector<std::string> specs = specs_of(commands.front());
  specs.insert(specs.end(), {"1:command:->command", "*::argument:->arguments"});
  script += fmt::format("\n  )\n  _arguments -C{}\n{}", quoted_specs(specs, "    "), kEnd);
  for (const CommandWords& command : commands) {
    if (command.name.empty()) continue;
    script += fmt::format("        {})\n          _arguments{} ;;\n", command.name,
                          quoted_specs(specs_of(command), "            "));
  }
  return script + "      esac\n      ;;\n  esac\n}\n_moebench \"$@\"\n";
}

}  // namespace moebench::cli
