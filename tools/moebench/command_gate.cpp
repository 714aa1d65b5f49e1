#include <algorithm>
#include <functional>
#include <vector>

#include "harness/base/check.h"
#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/session/baseline_store.h"
#include "harness/session/pair_session.h"
#include "harness/session/today.h"
#include "reports/figures/figures.h"
#include "reports/gate/baseline.h"
#include "reports/gate/gate.h"
#include "reports/gate/outputs.h"
#include "reports/gate/requirements.h"
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

// Of a session the pairs; a baseline has none.
void add_pictures(const Report& report, const GateArguments& options, reports::Document& document) {
  const auto session = record::load_session(options.folder);
  if (!options.baseline.empty() || !session) return;
  const auto figures =
      reports::gate_figures(report, load_runs(options.folder), {.busy_cores = session->busy_cores});
  document.insert(document.end(), figures.begin(), figures.end());
}

// The summary, which fits where CI shows it, or the same in another format.
void print_report(const Report& report, const std::string& summary, const GateArguments& options) {
  if (options.format == kPrComment) return print_text(gate::write_comment(report));
  const reports::Format format = output_format(options.format, options.figure);
  if (format == reports::Format::kMarkdown) {
    print_text(summary);
  } else {
    reports::Document document = gate::summary_document(report);
    if (reports::shows_figures(format)) add_pictures(report, options, document);
    print_document(document, format, options.figure);
  }
}

bool fails(const GateArguments& options, const char* verdict) {
  return std::ranges::count(options.fail_on, verdict) > 0;
}

int exit_code(const Report& report, const GateArguments& options) {
  const auto any = [&](Verdict verdict) { return report.count(verdict) > 0; };
  if (report.worst() == Verdict::kRegressed && fails(options, "regressed")) return kExitRegressed;
  if (any(Verdict::kFailed)) return kExitCellFailed;
  if (any(Verdict::kMissing) && fails(options, "missing")) return kExitCellFailed;
  if (any(Verdict::kInconclusive) && fails(options, "inconclusive")) return kExitInconclusive;
  return kExitOk;
}

int exit_code(gate::Holding holding, const GateArguments& options) {
  switch (holding) {
    case gate::Holding::kHeld:
    case gate::Holding::kKnownFailure:
      return kExitOk;
    case gate::Holding::kUndecided:
      return fails(options, "inconclusive") ? kExitInconclusive : kExitOk;
    case gate::Holding::kMissing:
      return fails(options, "missing") ? kExitCellFailed : kExitOk;
    case gate::Holding::kFailed:
      return kExitCellFailed;
    case gate::Holding::kBroken:
      return fails(options, "regressed") ? kExitRegressed : kExitOk;
  }
  MOEBENCH_CHECK(!"a holding outside its enumeration");
}

// That of the worst which --fail-on does not leave out.
int exit_code(const gate::RequirementReport& report, const GateArguments& options) {
  gate::Holding worst = gate::Holding::kHeld;
  for (const gate::BoundTest& test : report.tests) {
    if (exit_code(test.holding, options) != kExitOk) worst = std::max(worst, test.holding);
  }
  return exit_code(worst, options);
}

// Bounds of any results; of a session of pairs the candidate's runs.
int judge_bounds(const GateArguments& options) {
  if (options.format == kPrComment) {
    throw Error("--format {} is for verdicts on pairs; leave it out with --require", kPrComment);
  }
  if (!options.mde.empty() || !options.baseline.empty() || options.github ||
      !options.junit.empty()) {
    throw Error(
        "--mde, --baseline, --github and --junit are for verdicts; leave them out with --require");
  }
  const auto requirements = gate::parse_requirements(options.require);
  const auto report = gate::judge_requirements(gate::baseline_runs(load_runs(options.folder)),
                                               requirements, session::today());
  return write_outputs(
      exit_code(report, options),
      {[&] { print_document(gate::requirement_document(report), output_format(options.format)); }});
}

}  // namespace

int run_command(const GateArguments& options) {
  if (!options.require.empty()) return judge_bounds(options);
  if (options.github && !environment_variable(kSummaryVariable)) {
    throw Error("--github: {} names no file; leave --github out outside of GitHub",
                kSummaryVariable);
  }
  const Report report = options.baseline.empty() ? judge_session(options) : judge_baseline(options);
  const std::string summary = gate::write_summary(report);
  std::vector<std::function<void()>> outputs = {[&] { print_report(report, summary, options); }};
  if (options.github) {
    outputs.emplace_back([&] { print_text(gate::write_annotations(report)); });
    outputs.emplace_back([&] { append_line(*environment_variable(kSummaryVariable), summary); });
  }
  if (!options.junit.empty()) {
    outputs.emplace_back(
        [&] { write_output(options.junit, gate::write_junit(report), {options.folder}); });
  }
  return write_outputs(exit_code(report, options), outputs);
}

}  // namespace moebench::cli
