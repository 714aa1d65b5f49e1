#include "reports/gate/rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "reports/gate/names.h"

namespace moebench::gate {
namespace {

using reports::Entry;
using reports::key_column;
using reports::number_column;
using reports::words_column;

class RowTable {
 public:
  explicit RowTable(const Report& report) : report_(report), axes_(varying_axes(report)) {
    for (const CellResult& cell : report.cells) {
      has_scenarios_ |= cell.scenario != report.cells.front().scenario;
    }
  }

  reports::Table of(const std::vector<Row>& rows) const {
    reports::Table table;
    const auto add = [&](reports::Column column, const auto& entry_of) {
      for (const Row& row : rows) column.add(entry_of(row));
      table.push_back(std::move(column));
    };
    const auto add_of_test = [&](reports::Column column, const auto& entry_of) {
      add(std::move(column),
          [&](const Row& row) -> Entry { return row.test ? Entry(entry_of(*row.test)) : Entry(); });
    };
    add(key_column("verdict"), [](const Row& row) -> Entry { return to_string(row.verdict()); });
    add_axes(add);
    add_of_test(key_column("metric"), [](const MetricTest& test) { return test.metric; });
    add_of_test(number_column("base"), [](const MetricTest& test) -> Entry {
      return {test.base, value_text(test.base, test.unit)};
    });
    add_of_test(number_column("candidate"), [](const MetricTest& test) -> Entry {
      return {test.candidate, value_text(test.candidate, test.unit)};
    });
    add_of_test(number_column("worse by"), [](const MetricTest& test) -> Entry {
      const auto change = test.change ? std::optional(test.change->estimate) : std::nullopt;
      return {change, change_text(test)};
    });
    add_of_test(number_column("at most"), [](const MetricTest& test) -> Entry {
      std::string text = at_most_text(test);
      return text.empty() ? Entry() : Entry(test.change->at_most, std::move(text));
    });
    add_of_test(number_column("n", reports::kCount),
                [](const MetricTest& test) -> Entry { return static_cast<double>(test.pairs); });
    add_of_test(number_column("noise", reports::kShare),
                [](const MetricTest& test) -> Entry { return test.noise; });
    add(words_column("note"),
        [](const Row& row) -> Entry { return row.test ? row.test->note : row.cell->message; });
    std::erase_if(table, [](const reports::Column& column) {
      return std::ranges::all_of(column.entries,
                                 [](const Entry& entry) { return entry.text.empty(); });
    });
    return table;
  }

 private:
  template <typename Add>
  void add_axes(const Add& add) const {
    if (has_scenarios_ || axes_.empty()) {
      add(key_column("scenario"),
          [](const Row& row) -> Entry { return row.cell ? row.cell->scenario : "all cells"; });
    }
    for (const std::string& axis : axes_) {
      const bool is_first = axis == axes_.front() && !has_scenarios_;
      add(key_column(axis), [&](const Row& row) -> Entry {
        if (row.cell) return axis_of(*row.cell, axis);
        return is_first ? "all cells" : "";
      });
    }
  }

  const Report& report_;
  std::vector<std::string> axes_;
  bool has_scenarios_ = false;
};

// Says what decides, so that no reader has to know it.
std::vector<std::string> legend(const Report& report) {
  if (!(report.alpha > 0)) return {"worse by: how much larger"};
  return {
      fmt::format(
          "worse by: how much longer or larger. A time is REGRESSED where its interval lies "
          "above 0, and the estimate above +2 %; IMPROVED where base and candidate "
          "exchanged would be. The intervals are wide enough for all cells at once: where "
          "nothing changed, one in {:.0f} sessions has one that lies above 0 (Holm's "
          "steps)",
          1 / report.alpha),
      fmt::format("at most: upper bound of the slowdown, {:.3g} % one-sided. PASS: below +{:g} %. "
                  "INCONCLUSIVE: neither, or fewer pairs than planned",
                  100 * (1 - report.pass_error), report.mde * 100)};
}

}  // namespace

std::vector<Row> sorted_rows(const Report& report) {
  std::vector<Row> rows;
  for (const MetricTest& test : report.suite) rows.push_back({nullptr, &test});
  for (const CellResult& cell : report.cells) {
    for (const MetricTest& test : cell.tests) rows.push_back({&cell, &test});
    if (cell.tests.empty()) rows.push_back({&cell, nullptr});
  }
  std::ranges::stable_sort(rows, [](const Row& a, const Row& b) {
    if (a.verdict() != b.verdict()) return a.verdict() > b.verdict();
    const bool is_good = a.verdict() == Verdict::kImproved;
    return is_good ? a.badness() < b.badness() : a.badness() > b.badness();
  });
  return rows;
}

reports::Table table_of(const Report& report, const std::vector<Row>& rows) {
  return RowTable(report).of(rows);
}

reports::List notes(const Report& report) {
  reports::List list;
  for (const std::string& note : report.notes) {
    const bool is_detail = note.starts_with("  ");
    list.items.push_back(is_detail ? reports::ListItem{note.substr(2), 1}
                                   : reports::ListItem{note});
  }
  for (const std::string& line : legend(report)) list.items.push_back({line});
  return list;
}

std::vector<std::string> facts(const Report& report) {
  std::vector<std::string> facts = {"base: " + report.base, "candidate: " + report.candidate};
  std::string axes;
  for (const std::string& axis : constant_axes(report)) {
    axes += fmt::format("{}{} {}", axes.empty() ? "" : " · ", axis,
                        axis_of(report.cells.front(), axis));
  }
  if (!axes.empty()) facts.push_back("all cells: " + axes);
  return facts;
}

std::string counts_text(const Report& report) {
  std::string text;
  for (const Verdict verdict :
       {Verdict::kRegressed, Verdict::kFailed, Verdict::kMissing, Verdict::kInconclusive,
        Verdict::kKnownFailure, Verdict::kNew, Verdict::kImproved, Verdict::kPass}) {
    const int count = report.count(verdict);
    if (count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(verdict));
  }
  return fmt::format("{} cells: {}.", report.cells.size(), text);
}

}  // namespace moebench::gate
