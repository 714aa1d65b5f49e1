#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/moebench/command_words.h"

namespace moebench::cli {

// The manual page, in the macros of man(7), of the command of that name; of the program itself,
// which lists the commands, where it is empty. Error with a suggestion where there is none.
std::string man_page(const std::vector<CommandWords>& commands, const std::string& name);

// Writes moebench.1 and a moebench-<command>.1 each into an existing folder.
void write_man_pages(const std::vector<CommandWords>& commands,
                     const std::filesystem::path& folder);

}  // namespace moebench::cli
