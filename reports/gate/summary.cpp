#include <fmt/core.h>

#include <algorithm>

#include "reports/gate/names.h"
#include "reports/gate/outputs.h"
#include "reports/write/format_value.h"
#include "reports/write/table.h"

namespace moebench::gate {
namespace {

using reports::Align;
using reports::kNone;

// A line of a table: a test, or a cell without one.
struct Row {
  const CellResult* cell = nullptr;  // nullptr: all cells together
  const MetricTest* test = nullptr;
  Verdict verdict() const { return test != nullptr ? test->verdict : cell->verdict; }
  double badness() const { return test != nullptr && test->change ? test->change->estimate : 0; }
};

// The worst first; equals in the order planned.
std::vector<Row> sorted_rows(const Report& report) {
  std::vector<Row> rows;
  for (const MetricTest& test : report.suite) rows.push_back({nullptr, &test});
  for (const CellResult& cell : report.cells) {
    for (const MetricTest& test : cell.tests) rows.push_back({&cell, &test});
    if (cell.tests.empty()) rows.push_back({&cell, nullptr});
  }
  std::ranges::stable_sort(rows, [](const Row& a, const Row& b) {
    if (a.verdict() != b.verdict()) return a.verdict() > b.verdict();
    return a.badness() > b.badness();
  });
  return rows;
}

class RowTable {
 public:
  explicit RowTable(const Report& report) : report_(report), axes_(varying_axes(report)) {
    for (const CellResult& cell : report.cells) {
      has_scenarios_ |= cell.scenario != report.cells.front().scenario;
    }
  }

  std::string text(const std::vector<Row>& rows) const {
    reports::Table table;
    const auto add = [&](const std::string& title, Align align, const auto& text_of) {
      reports::Column column{title, align};
      for (const Row& row : rows) column.cells.push_back(text_of(row));
      table.push_back(std::move(column));
    };
    const auto add_of_test = [&](const char* title, Align align, const auto& text_of) {
      add(title, align, [&](const Row& row) { return row.test ? text_of(*row.test) : kNone; });
    };
    add("verdict", Align::kLeft,
        [](const Row& row) { return std::string(to_string(row.verdict())); });
    add_axes(add);
    add_of_test("metric", Align::kLeft, [](const MetricTest& test) { return test.metric; });
    add_of_test("base", Align::kRight,
                [](const MetricTest& test) { return value_text(test.base, test.unit); });
    add_of_test("candidate", Align::kRight,
                [](const MetricTest& test) { return value_text(test.candidate, test.unit); });
    add_of_test("worse by", Align::kRight, change_text);
    add_of_test("n", Align::kRight,
                [](const MetricTest& test) { return std::to_string(test.pairs); });
    add_of_test("noise", Align::kRight,
                [](const MetricTest& test) { return reports::format_share(test.noise); });
    add("note", Align::kLeft,
        [](const Row& row) { return row.test ? row.test->note : row.cell->message; });
    std::erase_if(table, [](const reports::Column& column) {
      return std::ranges::all_of(column.cells, [](const auto& cell) { return cell.empty(); });
    });
    return to_markdown(table);
  }

 private:
  template <typename Add>
  void add_axes(const Add& add) const {
    if (has_scenarios_ || axes_.empty()) {
      add("scenario", Align::kLeft,
          [](const Row& row) { return row.cell ? row.cell->scenario : "all cells"; });
    }
    for (const std::string& axis : axes_) {
      const bool is_first = axis == axes_.front() && !has_scenarios_;
      add(axis, Align::kLeft, [&](const Row& row) -> std::string {
        if (row.cell) return axis_of(*row.cell, axis);
        return is_first ? "all cells" : "";
      });
    }
  }

  const Report& report_;
  std::vector<std::string> axes_;
  bool has_scenarios_ = false;
};

std::string counts_text(const Report& report) {
  std::string text;
  for (const Verdict verdict :
       {Verdict::kRegressed, Verdict::kFailed, Verdict::kMissing, Verdict::kInconclusive,
        Verdict::kKnownFailure, Verdict::kNew, Verdict::kPass}) {
    const int count = report.count(verdict);
    if (count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(verdict));
  }
  return fmt::format("{} cells: {}.", report.cells.size(), text);
}

std::string header(const Report& report) {
  std::string text =
      fmt::format("# Regression gate: {}\n\n{}\n\n- base: {}\n- candidate: {}\n",
                  to_string(report.worst()), counts_text(report), report.base, report.candidate);
  std::string axes;
  for (const std::string& axis : constant_axes(report)) {
    axes += fmt::format("{}{} {}", axes.empty() ? "" : " · ", axis,
                        axis_of(report.cells.front(), axis));
  }
  if (!axes.empty()) text += fmt::format("- all cells: {}\n", axes);
  return text + "\n";
}

std::string notes(const Report& report) {
  std::string text;
  for (const std::string& note : report.notes) {
    text += note.starts_with("  ") ? "  - " + note.substr(2) + "\n" : "- " + note + "\n";
  }
  text += fmt::format(
      "- worse by: how much longer or larger, times with one-sided 95 % bounds. REGRESSED: "
      "rejected "
      "by Holm's test over all cells, and the estimate above +2 %. PASS: +{:g} % is ruled out. "
      "INCONCLUSIVE: neither.\n",
      report.mde * 100);
  return text;
}

std::string details(const RowTable& table, std::vector<Row> rows, std::size_t room) {
  const auto render = [&](std::size_t count) {
    const std::vector<Row> part(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
    std::string text = fmt::format("<details>\n<summary>All {} tests</summary>\n\n{}", rows.size(),
                                   table.text(part));
    if (count < rows.size()) text += fmt::format("\n{} more rows\n", rows.size() - count);
    return text + "\n</details>\n";
  };
  std::size_t count = rows.size();
  std::string text = render(count);
  while (text.size() > room && count > 0) {
    count = count * room / (text.size() + 1);
    text = render(count);
  }
  return text.size() > room ? "" : text;
}

}  // namespace

std::string write_summary(const Report& report, std::size_t max_bytes) {
  const RowTable table(report);
  const std::vector<Row> rows = sorted_rows(report);
  std::vector<Row> notable;
  for (const Row& row : rows) {
    if (row.verdict() != Verdict::kPass || row.cell == nullptr) notable.push_back(row);
  }
  // A tenth is kept for the header and the notes.
  const std::size_t max_notable = 100 + max_bytes / 2000;
  std::string text = header(report);
  if (notable.size() > max_notable) {
    const std::size_t num_left = notable.size() - max_notable;
    notable.resize(max_notable);
    text += fmt::format("{} more rows are in the table of all tests\n\n", num_left);
  }
  if (!notable.empty()) text += table.text(notable) + "\n";
  text += notes(report) + "\n";
  return text + details(table, rows, max_bytes > text.size() ? max_bytes - text.size() : 0);
}

}  // namespace moebench::gate
