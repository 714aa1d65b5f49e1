#pragma once

#include <string>

namespace CLI {
class App;
}

namespace moebench::cli {

// Gives the program and each of its commands what its help says beside the options: the group that
// a command stands in, examples, exit codes; and lays all of it out for a terminal of 80 columns.
// Called before commands are added, which take the layout from `app`.
void lay_out_help(CLI::App& app);
// Called when all commands are there.
void add_help_texts(CLI::App& app);

// What `moebench` alone prints: the first steps, and where the rest is told.
std::string first_steps(const CLI::App& app);

// "moebench run --help"
std::string help_page(const CLI::App& command);

}  // namespace moebench::cli
