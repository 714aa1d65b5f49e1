#include <fmt/ranges.h>

#include "harness/launch/shell_words.h"
#include "tools/moebench/completion.h"

namespace moebench::cli {
namespace {

constexpr const char* kBashHelpers =
    R"(# Completion of moebench for bash, made by `moebench completion bash`.
# Each adds to COMPREPLY what the word $cur may become.
_moebench_add() { mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$@" -- "$cur"); }
_moebench_words() { _moebench_add -W "$1"; }
_moebench_list() {
  local before=
  if [[ $cur == *,* ]]; then before=${cur%,*}, cur=${cur##*,}; fi
  compopt -o nospace
  _moebench_add -P "$before" -W "$1"
}
_moebench_folders() { compopt -o filenames; _moebench_add -d; }
_moebench_files() { compopt -o filenames; _moebench_add -f; }
_moebench_scenarios() {
  compopt -o filenames
  _moebench_words "$moebench_scenarios"
  _moebench_add -f -X '!*.yaml'
  _moebench_add -f -X '!*.yml'
  _moebench_add -d
}
_moebench_models() { _moebench_words "$moebench_models"; _moebench_files; }

_moebench() {
  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= i
)";

constexpr const char* kBeginning = R"(  # bash takes --out=DIR for three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
  done
  COMPREPLY=()
  case "$command $before" in
)";

std::string quoted_list(const std::vector<std::string>& words) {
  return launch::shell_quoted(fmt::format("{}", fmt::join(words, " ")));
}

// The call that completes a value; ":" where there is nothing to choose from.
std::string call_for(const OptionWords& option) {
  switch (option.kind) {
    case ValueKind::kWord:
      return fmt::format("{} {}", option.has_commas ? "_moebench_list" : "_moebench_words",
                         quoted_list(option.words));
    case ValueKind::kFile:
      return "_moebench_files";
    case ValueKind::kFolder:
      return "_moebench_folders";
    case ValueKind::kScenario:
      return "_moebench_scenarios";
    case ValueKind::kModel:
      return "_moebench_models";
    case ValueKind::kAny:
    case ValueKind::kNone:
      break;
  }
  return ":";
}

void add_values(const CommandWords& command, std::string& script) {
  for (const OptionWords& option : command.options) {
    if (option.kind == ValueKind::kNone) continue;
    for (const std::string& name : option.names) {
      script += fmt::format("    '{} {}') {}; return ;;\n", command.name, name, call_for(option));
    }
  }
}

// Options where the word begins as one, else what the positionals take, in whatever order.
void add_rest(const CommandWords& command, const std::vector<std::string>& commands,
              std::string& script) {
  std::vector<std::string> options;
  for (const OptionWords& option : command.options) {
    options.insert(options.end(), option.names.begin(), option.names.end());
  }
  script += fmt::format("    {})\n", launch::shell_quoted(command.name));
  script += fmt::format("      if [[ $cur == -* ]]; then _moebench_words {}; return; fi\n",
                        quoted_list(options));
  if (command.name.empty()) {
    script += fmt::format("      _moebench_words {}\n", quoted_list(commands));
  }
  for (const OptionWords& positional : command.positionals) {
    script += fmt::format("      {}\n", call_for(positional));
  }
  script += "      ;;\n";
}

}  // namespace

std::string bash_completion(const std::vector<CommandWords>& commands,
                            const ShippedNames& shipped) {
  std::vector<std::string> names;
  for (const CommandWords& command : commands) {
    if (!command.name.empty()) names.push_back(command.name);
  }
  std::string script = kBashHelpers;
  script += fmt::format("  local moebench_scenarios={}\n  local moebench_models={}\n",
                        quoted_list(shipped.scenarios), quoted_list(shipped.models));
  script += kBeginning;
  for (const CommandWords& command : commands) add_values(command, script);
  script += "  esac\n  case $command in\n";
  for (const CommandWords& command : commands) add_rest(command, names, script);
  return script + "  esac\n}\ncomplete -F _moebench moebench\n";
}

}  // namespace moebench::cli
