#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

// The words of the command line as data, read from the table of options (options.h), for what is
// made from it: completions and manual pages.
namespace moebench::cli {

enum class ValueKind {
  kNone,      // a flag
  kAny,       // a text or a number: nothing to choose from
  kWord,      // one of `words`
  kFile,      //
  kFolder,    //
  kScenario,  // a shipped scenario's name, or a scenario file
  kModel,     // a shipped model's name, or a file or folder
};

struct OptionWords {
  std::vector<std::string> names;  // "--out"; of a positional its name alone, "FILE"
  std::string value;               // "DIR", "N:1..65536"; empty: a flag
  ValueKind kind = ValueKind::kNone;
  std::vector<std::string> words;
  bool has_commas = false;  // several words, with commas between them
  bool is_required = false;
  bool repeats = false;  // a positional that takes several
  std::string default_text;
  std::string help;
};

struct CommandWords {
  std::string name;  // empty: the program's own options
  std::string help;
  std::string footer;  // behind the options in --help
  std::vector<OptionWords> options;
  std::vector<OptionWords> positionals;
};

// The program itself, then each command that --help shows.
std::vector<CommandWords> command_words(const CLI::App& app);

}  // namespace moebench::cli
