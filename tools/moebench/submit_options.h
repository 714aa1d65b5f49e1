#pragma once

#include "tools/moebench/options.h"

namespace CLI {
class App;
}

namespace moebench::cli {

void add_submit(CLI::App& app, SubmitArguments& options);
void add_status(CLI::App& app, StatusArguments& options);

}  // namespace moebench::cli
