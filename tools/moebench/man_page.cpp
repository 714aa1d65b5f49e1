#include "tools/moebench/man_page.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/words.h"
#include "harness/machine/environment.h"

namespace moebench::cli {
namespace {

struct Described {
  const char* name;
  const char* meaning;
};

constexpr Described kEnvironment[] = {
    {"MOEBENCH_RANK_PROGRAM", "The program that trains, instead of moebench-rank beside moebench."},
    {"MOEBENCH_TORCH_ROOT",
     "Folder that holds torch/, where moebench-rank does not find libtorch beside itself."},
    {"XDG_CACHE_HOME",
     "Holds moebench/torch-VERSION, where libtorch is looked for last; default ~/.cache."},
    {"NO_COLOR", "Set: nothing is printed in colours."}};

// Text as roff shall print it: its escapes and minus signs are ours, and no line is a request.
std::string roff(const std::string& text) {
  std::string result;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) result += "\\&";
    begins_line = c == '\n';
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }
std::string item(const std::string& head, const std::string& text) {
  return ".TP\n" + head + "\n" + roff(text) + "\n";
}

std::string full_name(const CommandWords& command) {
  return command.name.empty() ? "moebench" : "moebench-" + command.name;
}

std::string synopsis(const CommandWords& command) {
  std::string text = bold(command.name.empty() ? "moebench" : "moebench " + command.name);
  text += " [" + italic("OPTIONS") + "]";
  if (command.name.empty()) return text + " " + italic("COMMAND");
  for (const OptionWords& positional : command.positionals) {
    std::string word = italic(positional.names.front()) + (positional.repeats ? "..." : "");
    text += positional.is_required ? " " + word : " [" + word + "]";
  }
  return text;
}

// With the words that it takes, but for the commands, which have a list.
std::string value_text(const OptionWords& option) {
  std::string text = option.help;
  if (!option.words.empty() && option.names.front() != "COMMAND") {
    text += fmt::format("; {}: {}", option.has_commas ? "any of" : "one of",
                        fmt::join(option.words, ", "));
  }
  if (!option.default_text.empty()) text += fmt::format(" (default {})", option.default_text);
  return text.ends_with('.') ? text : text + ".";
}

std::string option_item(const OptionWords& option) {
  std::string head;
  for (const std::string& name : option.names) head += (head.empty() ? "" : ", ") + bold(name);
  if (option.kind != ValueKind::kNone && option.names.front().starts_with('-')) {
    head += " " + italic(option.value.substr(0, option.value.find(":{")));
  }
  return item(head, value_text(option));
}

std::string section(const std::string& title, const std::vector<OptionWords>& options) {
  if (options.empty()) return "";
  std::string text = ".SH " + title + "\n";
  for (const OptionWords& option : options) text += option_item(option);
  return text;
}

template <std::size_t N>
std::string section(const std::string& title, const Described (&rows)[N]) {
  std::string text = ".SH " + title + "\n";
  for (const Described& row : rows) text += item(bold(row.name), row.meaning);
  return text;
}

std::string commands_section(const std::vector<CommandWords>& commands) {
  std::string text = ".SH COMMANDS\nEach has a page of its own, as \\fBmoebench\\-run\\fR(1).\n";
  for (const CommandWords& command : commands) {
    if (!command.name.empty()) text += item(bold(command.name), command.help + ".");
  }
  return text;
}

std::string verbatim(const std::string& text) { return ".nf\n" + roff(text) + "\n.fi\n"; }

std::string page_of(const std::vector<CommandWords>& commands, const CommandWords& command) {
  std::string name = full_name(command);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string text = fmt::format(".TH {} 1 \"\" \"moebench {}\" \"moebench\"\n", roff(name),
                                 roff(machine::version_text()));
  text += ".SH NAME\n" + roff(full_name(command)) + " \\- " + roff(command.help) + "\n";
  text += ".SH SYNOPSIS\n" + synopsis(command) + "\n";
  if (command.name.empty()) text += commands_section(commands);
  text += section("ARGUMENTS", command.positionals) + section("OPTIONS", command.options);
  if (!command.footer.empty()) text += ".SH NOTES\n" + verbatim(command.footer);
  if (command.name.empty()) {
    return text + section("ENVIRONMENT", kEnvironment);
  }
  return text + ".SH SEE ALSO\n\\fBmoebench\\fR(1), which lists exit codes and variables\n";
}

}  // namespace

std::string man_page(const std::vector<CommandWords>& commands, const std::string& name) {
  const auto command = std::ranges::find(commands, name, &CommandWords::name);
  if (command != commands.end()) return page_of(commands, *command);
  std::vector<std::string> names;
  for (const CommandWords& known : commands) names.push_back(known.name);
  throw Error("no command '{}'; {}", shortened(name), suggestion(name, names));
}

void write_man_pages(const std::vector<CommandWords>& commands,
                     const std::filesystem::path& folder) {
  for (const CommandWords& command : commands) {
    write_file_atomically(folder / (full_name(command) + ".1"), page_of(commands, command));
  }
}

}  // namespace moebench::cli
