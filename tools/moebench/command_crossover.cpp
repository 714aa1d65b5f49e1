#include "reports/crossover/document.h"
#include "reports/write/excerpt.h"
#include "reports/write/write.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/load_results.h"
#include "tools/moebench/output.h"

namespace moebench::cli {

int run_command(const CrossoverArguments& options) {
  std::vector<std::string> warnings;
  auto records = load_results({.folders = options.folders,
                               .labels = options.labels,
                               .filters = options.filters,
                               .keep_other_builds = options.keep_other_builds,
                               .excerpt = reports::report_excerpt()},
                              &warnings);
  const auto document = reports::with_warnings(
      crossover::crossover_document(std::move(records), options.against), warnings);
  const bool is_file = !options.out.empty() && options.figure.empty();
  const auto format = is_file && options.format.empty()
                          ? reports::Format::kMarkdown
                          : output_format(options.format, options.figure);
  reports::PrintOptions print = print_options(options.figure);
  if (is_file) print = {};
  write_output(options.out, reports::print(document, format, print), options.folders, format);
  return kExitOk;
}

}  // namespace moebench::cli
