#include "tools/moebench/run_words.h"

#include <fmt/ranges.h>

namespace moebench::cli {
namespace {

using Words = std::vector<std::string>;

void add(Words& words, const char* option, const std::string& value) {
  if (!value.empty()) words.insert(words.end(), {option, value});
}

void add(Words& words, const char* option, const std::vector<std::string>& values) {
  for (const std::string& value : values) words.insert(words.end(), {option, value});
}

template <typename Number>
void add(Words& words, const char* option, const std::optional<Number>& number) {
  if (number) words.insert(words.end(), {option, fmt::format("{}", *number)});
}

void add(Words& words, const char* option, bool is_set) {
  if (is_set) words.emplace_back(option);
}

}  // namespace

std::vector<std::string> selection_words(const session::Selection& selection) {
  Words words = {selection.file};
  add(words, "--only", selection.only);
  add(words, "--filter", selection.filters);
  add(words, "--set", selection.set);
  add(words, "--ranks", selection.ranks);
  return words;
}

std::vector<std::string> run_words(const RunArguments& options) {
  const RunArguments usual;
  Words words = selection_words(options.selection);
  words.insert(words.begin(), "run");
  add(words, "--out", options.out);
  add(words, "--group", options.group);
  add(words, "--budget", options.budget);
  add(words, "--repeats", options.repeats);
  add(words, "--baseline", fmt::format("{}", fmt::join(options.baseline, ",")));
  add(words, "--order", options.order);
  add(words, "--time-limit", options.time_limit_s);
  add(words, "--progress-limit", options.progress_limit_s);
  if (options.launcher.name != usual.launcher.name) add(words, "--launcher", options.launcher.name);
  // A word that begins with a dash would be taken for an option.
  if (!options.launcher.arguments.empty()) {
    words.push_back("--launcher-args=" + options.launcher.arguments);
  }
  add(words, "--hosts", options.launcher.hosts);
  if (options.busy_cores != usual.busy_cores) {
    add(words, "--busy-cores", std::optional(options.busy_cores));
  }
  add(words, "--keep-disturbed", options.keep_disturbed);
  add(words, "--dry-run", options.dry_run);
  add(words, "--fail-fast", options.fail_fast);
  add(words, "--force", options.force);
  add(words, "--fresh", options.fresh);
  add(words, "--keep-other-builds", options.keep_other_builds);
  add(words, "--quiet", options.progress.is_quiet);
  add(words, "--verbose", options.progress.is_verbose);
  return words;
}

}  // namespace moebench::cli
