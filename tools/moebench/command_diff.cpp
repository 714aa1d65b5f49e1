#include "harness/base/error.h"
#include "reports/write/axis_values.h"
#include "reports/write/diff.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/load_results.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const DiffArguments& options) {
  const ResultsToLoad results = {.folders = options.folders,
                                 .labels = options.labels,
                                 .filters = options.filters,
                                 .keep_other_builds = options.keep_other_builds};
  reports::DiffOptions diff = {.from = axis_values(options.from, "--from"),
                               .to = axis_values(options.to, "--to"),
                               .top = static_cast<std::size_t>(options.top)};
  if (options.folders.size() == 1 && (diff.from.empty() || diff.to.empty())) {
    throw Error(
        "one results folder has nothing to compare with; name a second one, or two of its "
        "cells with --from and --to axis=value,...");
  }
  if (options.folders.size() > 2) {
    throw Error("{} results folders; a diff is of one or two", options.folders.size());
  }
  if (options.folders.size() == 2) {
    const auto labels = labels_of(results);
    diff.from.insert(diff.from.begin(), {reports::kResultsAxis, labels.front()});
    diff.to.insert(diff.to.begin(), {reports::kResultsAxis, labels.back()});
  }
  const auto document = reports::diff_document(load_results(results), diff);
  const bool is_file = !options.out.empty();
  const auto format = is_file && options.format.empty() ? reports::Format::kMarkdown
                                                        : output_format(options.format);
  const auto print = is_file ? reports::PrintOptions{} : print_options();
  write_output(options.out, reports::print(document, format, print), options.folders, format);
  return kExitOk;
}

}  // namespace moebench::cli
