#pragma once

#include <string>
#include <vector>

#include "reports/gate/gate.h"
#include "reports/write/document.h"

// What texts of a report are made of.
namespace moebench::gate {

// A line of a table: a test, or a cell without one.
struct Row {
  const CellResult* cell = nullptr;  // nullptr: all cells together
  const MetricTest* test = nullptr;
  Verdict verdict() const { return test != nullptr ? test->verdict : cell->verdict; }
  double badness() const { return test != nullptr && test->change ? test->change->estimate : 0; }
};

// The worst first, of what is IMPROVED the most improved; equals in the order planned.
std::vector<Row> sorted_rows(const Report& report);

// The rows with all that is known of them; a column without an entry is left out.
reports::Table table_of(const Report& report, const std::vector<Row>& rows);

// Notes of the report, and what its columns and verdicts mean.
reports::List notes(const Report& report);

// "base: ...", "candidate: ...", "all cells: ...".
std::vector<std::string> facts(const Report& report);

// "9 cells: 2 REGRESSED, 7 PASS."
std::string counts_text(const Report& report);

}  // namespace moebench::gate
