#pragma once

#include "tools/moebench/options.h"

namespace CLI {
class App;
}

namespace moebench::cli {

// The commands that look at results, or add to them what others have made: report, diff, adopt and
// import.
void add_result_commands(CLI::App& app, ReportArguments& report, DiffArguments& diff,
                         AdoptArguments& adopt, ImportArguments& import);

}  // namespace moebench::cli
