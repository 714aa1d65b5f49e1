#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/session/plan.h"
#include "tools/moebench/launcher_options.h"
#include "tools/moebench/progress_options.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

// Options that several commands have.
namespace moebench::cli {

struct RunArguments;

// An option that takes words with commas between them, and blanks around them or none.
CLI::Option* add_words(CLI::App& app, const std::string& name, std::vector<std::string>& words,
                       const std::string& description);

inline constexpr std::int64_t kMaxRows = 1'000'000;  // of a table

// FILE, --only, --filter, --set and --ranks.
void add_selection(CLI::App& app, session::Selection& selection);
void add_set(CLI::App& app, session::Selection& selection);
// What `run` takes but for --group, --dry-run and --fresh: `submit` hands it on.
void add_run_options(CLI::App& app, RunArguments& options);
void add_force(CLI::App& app, bool& force);
void add_launcher(CLI::App& app, LauncherOptions& launcher);
// --quiet and --verbose.
void add_progress(CLI::App& app, ProgressOptions& progress);
// Adds --figure, which names the picture of --format svg.
void add_figure(CLI::App& app, std::string& figure);
// --format: any format of reports, and `more`.
void add_format(CLI::App& app, std::string& format,
                const std::string& description = "Default: terminal on a terminal, else markdown",
                const std::vector<std::string>& more = {});

}  // namespace moebench::cli
