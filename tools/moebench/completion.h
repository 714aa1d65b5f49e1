#pragma once

#include <string>
#include <vector>

#include "harness/base/names.h"
#include "tools/moebench/command_words.h"

namespace moebench::cli {

enum class Shell { kBash, kZsh, kFish };
constexpr auto names_of(Shell) {
  return name_table<Shell>({{Shell::kBash, "bash"}, {Shell::kZsh, "zsh"}, {Shell::kFish, "fish"}});
}

// What is completed beside the options' own words: names of what the suite ships.
struct ShippedNames {
  std::vector<std::string> scenarios{};
  std::vector<std::string> models{};
};

// The script that makes a shell complete `moebench`: commands, options, the words that an option
// takes, files and folders, and the shipped names.
std::string completion_script(Shell shell, const std::vector<CommandWords>& commands,
                              const ShippedNames& shipped);

// One of them each.
std::string bash_completion(const std::vector<CommandWords>& commands, const ShippedNames& shipped);
std::string zsh_completion(const std::vector<CommandWords>& commands, const ShippedNames& shipped);
std::string fish_completion(const std::vector<CommandWords>& commands, const ShippedNames& shipped);

}  // namespace moebench::cli
