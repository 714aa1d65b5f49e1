#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

enum class Format { kMarkdown, kCsv, kJson };

struct ReportOptions {
  Format format = Format::kMarkdown;
  // Axis values that name the baseline. Empty: parallelism=fsdp and expert_kernel=loop, in the
  // scenarios that have such cells. Given: Error where an axis is unknown or no cell matches.
  std::vector<std::pair<std::string, std::string>> baseline = {};
};

// Text of all records, in the order given, after check_agreement (agreement.h); how to read it:
// reports/README.md.
// Error where there are no records, or `baseline` fits none of them.
std::string write_report(const std::vector<record::CellRecord>& records,
                         const ReportOptions& options);

// The functions of fms-acceleration's load profile in the order of Python's pstats, for each ok
// cell that measures loading.
std::string write_load_profiles(const std::vector<record::CellRecord>& records);

// One markdown table a scenario in the columns of fms-acceleration's PR 69: Model, Gpus, TYPE,
// mem_peak, mem_alloc, train_runtime, tokens/s, improvements. `options.format` is not used.
std::string write_seed_table(const std::vector<record::CellRecord>& records,
                             const ReportOptions& options);

// What `moebench doctor` prints: markdown, or the schema's document for kJson.
std::string write_machine_report(const record::MachineReport& report, Format format);

}  // namespace moebench::reports
