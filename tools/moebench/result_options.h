#pragma once

#include "tools/moebench/options.h"

namespace CLI {
class App;
}

namespace moebench::cli {

// The commands that look at results, or add to them what others have made: report, diff, crossover,
// adopt and
// import.
struct ResultCommands {
  ReportArguments& report;
  DiffArguments& diff;
  CrossoverArguments& crossover;
  AdoptArguments& adopt;
  ImportArguments& import;
};
void add_result_commands(CLI::App& app, const ResultCommands& commands);

}  // namespace moebench::cli
