#pragma once

#include <string>

#include "harness/session/plan.h"

namespace CLI {
class App;
}

// Options that several commands have.
namespace moebench::cli {

// FILE, --only, --filter and --ranks.
void add_selection(CLI::App& app, session::Selection& selection);
void add_launcher(CLI::App& app, std::string& launcher);

}  // namespace moebench::cli
