#include "reports/gate/baseline.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/config/cell.h"
#include "harness/record/program.h"
#include "reports/compare/fingerprint.h"
#include "reports/compare/hosts.h"
#include "reports/gate/exact_tests.h"

namespace moebench::gate {
namespace {

using record::CellRecord;
using Runs = std::vector<const CellRecord*>;

// Cells in the order of first appearance.
std::vector<std::pair<std::string, Runs>> group(const std::vector<CellRecord>& records) {
  std::vector<std::pair<std::string, Runs>> cells;
  for (const CellRecord& run : records) {
    auto found = std::ranges::find(cells, run.id, &std::pair<std::string, Runs>::first);
    if (found == cells.end()) found = cells.insert(cells.end(), {run.id, {}});
    found->second.push_back(&run);
  }
  return cells;
}

const Runs* find(const std::vector<std::pair<std::string, Runs>>& cells, const std::string& id) {
  const auto found = std::ranges::find(cells, id, &std::pair<std::string, Runs>::first);
  return found == cells.end() ? nullptr : &found->second;
}

// An axis that a record's version did not have yet is at its initial value.
bool has_axes_of(const CellRecord& run, const CellRecord& other) {
  return std::ranges::all_of(other.axes, [&](const auto& axis) {
    const std::string stated = run.axis(axis.first);
    return (stated.empty() ? config::unstated_axis(axis.first) : stated) == axis.second;
  });
}

// A cell of the same scenario and axes; its id differs by settings or model.
const CellRecord* same_axes(const std::vector<std::pair<std::string, Runs>>& cells,
                            const CellRecord& wanted) {
  for (const auto& [id, runs] : cells) {
    const CellRecord& run = *runs.front();
    const bool same = has_axes_of(run, wanted) && has_axes_of(wanted, run);
    if (run.scenario == wanted.scenario && same) return &run;
  }
  return nullptr;
}

const CellRecord* failure_of(const Runs& runs) {
  const auto found = std::ranges::find_if(
      runs, [](const CellRecord* run) { return run->disposition != record::Disposition::kOk; });
  return found == runs.end() ? nullptr : *found;
}

void judge(const Runs& base, const Runs& runs, const std::string& today, CellResult& cell) {
  if (const CellRecord* failure = failure_of(runs)) {
    const auto& known = failure->known_failure;
    const bool is_known = known && known->is_active(today);
    cell.verdict = is_known ? Verdict::kKnownFailure : Verdict::kFailed;
    cell.message = fmt::format("{}: {}", to_string(failure->disposition),
                               failure->message.substr(0, failure->message.find('\n')));
    if (known) cell.message += "; known: " + known->reason;
    return;
  }
  if (const CellRecord* failure = failure_of(base)) {
    cell.message = fmt::format("the baseline's run is {}", to_string(failure->disposition));
    return;
  }
  cell.tests = exact_tests(base, runs);
  if (cell.tests.empty()) {
    cell.message = "has no exact metric";
    return;
  }
  cell.verdict = Verdict::kPass;
  for (const MetricTest& test : cell.tests) cell.verdict = std::max(cell.verdict, test.verdict);
}

// Marks cells of other hosts than the baseline's; "" where there are none.
std::string hosts_note(const std::vector<std::pair<std::string, Runs>>& base_cells,
                       const std::vector<std::pair<std::string, Runs>>& cells) {
  int num_elsewhere = 0;
  std::string first;
  for (const auto& [id, base] : base_cells) {
    const Runs* runs = find(cells, id);
    if (runs == nullptr) continue;
    std::string text;
    for (const CellRecord* run : *runs) {
      if (text.empty()) text = compare::hosts_difference(*run, *base.front());
    }
    if (text.empty()) continue;
    if (num_elsewhere++ == 0) first = fmt::format("{}: {}", id, text);
  }
  if (num_elsewhere == 0) return "";
  return fmt::format(
      "other hosts than the baseline's in {} cells (cell {}): only what is the same on hosts built "
      "alike is judged",
      num_elsewhere, first);
}

// A run that was killed leaves nobody who could say what it was.
bool says_what_it_was(const CellRecord& run) {
  return run.disposition == record::Disposition::kOk || run.environment.contains("compiler");
}

}  // namespace

std::vector<CellRecord> baseline_runs(std::vector<CellRecord> records) {
  std::erase_if(records, [](const CellRecord& run) {
    return run.pair && run.pair->arm == record::Arm::kBase;
  });
  return record::of_latest_programs(std::move(records)).kept;
}

record::Environment common_fingerprint(const std::vector<CellRecord>& records) {
  if (records.empty()) throw Error("there are no runs; run a scenario into the folder first");
  const auto spokesman = std::ranges::find_if(records, says_what_it_was);
  const record::Environment first =
      compare::fingerprint((spokesman == records.end() ? records.front() : *spokesman).environment);
  for (const CellRecord& run : records) {
    if (!says_what_it_was(run)) continue;
    const std::string text = compare::difference(compare::fingerprint(run.environment), first);
    if (text.empty()) continue;
    throw Error(
        "repetition {} of cell {} was run under other conditions than the first ({}); "
        "start over with --fresh",
        run.repetition, run.id, text);
  }
  return first;
}

Report compare_with_baseline(const std::string& name, const std::vector<CellRecord>& baseline,
                             const std::vector<CellRecord>& records, const std::string& today) {
  // Where every run was killed, only the machine is known.
  const bool machine_alone = !records.empty() && std::ranges::none_of(records, says_what_it_was);
  const std::string text =
      machine_alone
          ? compare::difference(compare::machine_fingerprint(records.front().environment),
                                compare::machine_fingerprint(baseline.front().environment))
          : compare::difference(common_fingerprint(records), common_fingerprint(baseline));
  if (!text.empty()) {
    throw NotComparable("baseline '{}' is not comparable with these results: {}; save one here",
                        name, text);
  }
  const auto base_cells = group(baseline);
  const auto cells = group(records);
  Report report{.base = "baseline " + name,
                .candidate = "these results",
                .cells = {},
                .suite = {},
                .notes = {"times are not judged: nothing pairs these runs with the baseline's "
                          "(moebench ab does)"}};
  int num_common = 0;
  for (const auto& [id, base] : base_cells) {
    const CellRecord& first = *base.front();
    CellResult cell{.id = id, .scenario = first.scenario, .axes = first.axes};
    if (const Runs* runs = find(cells, id)) {
      ++num_common;
      judge(base, *runs, today, cell);
      cell.valid_pairs = static_cast<int>(runs->size());
    } else if (const CellRecord* changed = same_axes(cells, first)) {
      cell.message = fmt::format("its settings or model changed: it is cell {} now", changed->id);
    } else {
      cell.message = "not among these results";
    }
    report.cells.push_back(std::move(cell));
  }
  for (const auto& [id, runs] : cells) {
    if (find(base_cells, id) != nullptr) continue;
    report.cells.push_back({id,
                            runs.front()->scenario,
                            runs.front()->axes,
                            Verdict::kNew,
                            "not in the baseline; not judged",
                            {},
                            0});
  }
  if (std::string note = hosts_note(base_cells, cells); !note.empty()) {
    report.notes.push_back(std::move(note));
  }
  if (num_common == 0) {
    throw NotComparable(
        "baseline '{}' and these results have no cell in common; is it another scenario's?", name);
  }
  return report;
}

}  // namespace moebench::gate
