#include <algorithm>
#include <functional>
#include <vector>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/session/baseline_store.h"
#include "harness/session/pair_session.h"
#include "harness/session/today.h"
#include "reports/gate/baseline.h"
#include "reports/gate/gate.h"
#include "reports/gate/outputs.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

namespace fs = std::filesystem;

using gate::Report;
using gate::Verdict;

constexpr const char* kSummaryVariable = "GITHUB_STEP_SUMMARY";

std::vector<record::CellRecord> load_runs(const std::string& folder) {
  auto records = record::load(folder, record::Duplicates::kRefuse);
  if (records.empty()) {
    throw Error("no results in '{}': it has no results.jsonl with a record; see moebench ab",
                folder);
  }
  return records;
}

bool is_adopted(const record::CellRecord& record) { return record.environment.contains("adopted"); }

Report judge_session(const GateArguments& options) {
  gate::Input input;
  const auto session = record::load_session(options.folder);
  input.records = load_runs(options.folder);
  if (std::ranges::any_of(input.records, is_adopted)) {
    throw NotComparable(
        "'{}' holds adopted runs: nobody paired them with others, and on which machine and beside "
        "what they ran is not known; report shows them, and moebench ab measures pairs",
        options.folder);
  }
  if (!session) {
    throw NotComparable(
        "'{}' has no session.json: its runs were not paired, and unpaired times are not compared; "
        "measure with moebench ab, or compare memory and loss with --baseline",
        options.folder);
  }
  input.session = *session;
  if (!options.mde.empty()) input.session.mde = parse_percent(options.mde, "--mde");
  input.calibration = record::load(fs::path(options.folder) / session::kCalibrationFolder);
  input.today = session::today();
  return gate::judge(input);
}

Report judge_baseline(const GateArguments& options) {
  const auto baseline = session::BaselineStore(options.store).load(options.baseline);
  return gate::compare_with_baseline(options.baseline, baseline,
                                     gate::baseline_runs(record::load(options.folder)),
                                     session::today());
}

// The summary, which fits where CI shows it, or the same in another format.
void print_report(const Report& report, const std::string& summary, const std::string& name) {
  if (name == kPrComment) return print_text(gate::write_comment(report));
  const reports::Format format = output_format(name);
  if (format == reports::Format::kMarkdown) {
    print_text(summary);
  } else {
    print_document(gate::summary_document(report), format);
  }
}

int exit_code(const Report& report, const std::vector<std::string>& fail_on) {
  const auto fails = [&](const char* verdict) {
    return std::find(fail_on.begin(), fail_on.end(), verdict) != fail_on.end();
  };
  const auto any = [&](Verdict verdict) { return report.count(verdict) > 0; };
  if (report.worst() == Verdict::kRegressed && fails("regressed")) return kExitRegressed;
  if (any(Verdict::kFailed)) return kExitCellFailed;
  if (any(Verdict::kMissing) && fails("missing")) return kExitCellFailed;
  if (any(Verdict::kInconclusive) && fails("inconclusive")) return kExitInconclusive;
  return kExitOk;
}

}  // namespace

int run_command(const GateArguments& options) {
  if (options.github && !environment_variable(kSummaryVariable)) {
    throw Error("--github: {} names no file; leave --github out outside of GitHub",
                kSummaryVariable);
  }
  const Report report = options.baseline.empty() ? judge_session(options) : judge_baseline(options);
  const std::string summary = gate::write_summary(report);
  std::vector<std::function<void()>> outputs = {
      [&] { print_report(report, summary, options.format); }};
  if (options.github) {
    outputs.emplace_back([&] { print_text(gate::write_annotations(report)); });
    outputs.emplace_back([&] { append_line(*environment_variable(kSummaryVariable), summary); });
  }
  if (!options.junit.empty()) {
    outputs.emplace_back(
        [&] { write_output(options.junit, gate::write_junit(report), options.folder); });
  }
  return write_outputs(exit_code(report, options.fail_on), outputs);
}

}  // namespace moebench::cli
