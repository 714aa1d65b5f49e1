#pragma once

#include <string>
#include <vector>

#include "tools/moebench/options.h"

namespace moebench::cli {

// The words of `moebench list` and `run` that select the same cells, FILE first.
std::vector<std::string> selection_words(const session::Selection& selection);

// The words of a `moebench run` that does the same: "run", FILE, and every option that is not at
// its default. parse_command_line() makes the same options of them again, `command_line` aside.
std::vector<std::string> run_words(const RunArguments& options);

}  // namespace moebench::cli
