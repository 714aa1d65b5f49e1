#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "harness/base/printable.h"
#include "harness/session/import_results.h"
#include "tools/moebench/commands.h"

namespace moebench::cli {
namespace {

std::ptrdiff_t num_failed(const std::vector<record::CellRecord>& records) {
  return std::ranges::count_if(records, [](const record::CellRecord& record) {
    return record.disposition != record::Disposition::kOk;
  });
}

}  // namespace

int run_command(const ImportArguments& options) {
  for (const std::string& file : options.files) {
    const session::ImportOutcome outcome = session::import_results(
        {.format = options.kind,
         .file = file,
         .scenario = options.scenario.empty() ? options.kind : options.scenario,
         .folder = options.out,
         .command_line = options.command_line});
    std::cerr << printable_lines(fmt::format("{}: imported {} runs, {} of them failed, into {}\n",
                                             file, outcome.records.size(),
                                             num_failed(outcome.records), options.out));
    for (const std::string& remark : outcome.remarks) {
      std::cerr << printable_lines(fmt::format("{}: {}\n", file, remark));
    }
  }
  std::cerr << printable_lines(fmt::format("see them by: moebench report {}\n", options.out));
  return kExitOk;
}

}  // namespace moebench::cli
