#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/improvements.h"
#include "reports/write/table.h"

namespace moebench::reports {

// Columns of a table with one row a cell. Numbers are those of the cell's typical repetition; a
// failed cell shows none of its numbers.

using ValueOf = std::function<std::optional<double>(const Cell&)>;

ValueOf typical_of(const char* metric);

Column axis_column(const std::vector<Cell>& cells, const std::string& axis);
// Has a column for each axis in which the scenario's cells differ.
Table axis_columns(const ScenarioCells& scenario, const std::vector<Cell>& cells);
// Shows failed cells too.
Column entry_column(const std::vector<Cell>& cells, Column column,
                    const std::function<Entry(const Cell&)>& entry_of);
Column value_column(const std::vector<Cell>& cells, const std::string& title,
                    const ValueOf& value_of, const NumberStyle& style,
                    const std::string& name = "");

// These show metrics of the catalogue, with their titles there and in their formats.
Column metric_column(const std::vector<Cell>& cells, const std::string& metric);
Table metric_columns(const std::vector<Cell>& cells, const std::vector<std::string>& metrics);

// Printed in the unit that fits the largest value: "mem_peak (GB)".
Column bytes_column(const std::vector<Cell>& cells, const std::string& title, const char* metric);
Column seconds_column(const std::vector<Cell>& cells, const std::string& title, const char* metric);

// These show how many repetitions a cell has, and its fastest and slowest against the typical one.
Column repetitions_column(const std::vector<Cell>& cells);
Column spread_column(const std::vector<Cell>& cells, const std::string& title, const char* metric);

// Shows which programs measured each cell; nullopt where one has measured all cells.
std::optional<Column> program_column(const ScenarioCells& scenario);

// "ok", or why not and the first line of the message; nullopt where all cells are ok.
std::optional<Column> result_column(const std::vector<Cell>& cells);

// Says what a cell shows against its reference (null where it has none), of one repetition each:
// "-17.0 %"; "4.04x" as reference / value.
struct Improvement {
  std::function<std::optional<double>(const Cell& cell, const Cell* reference)> value_of;
  NumberStyle style;

  // "reference" where the cell is its own.
  Entry entry_of(const Cell& cell, const Cell* reference) const;
};
Improvement change_in(const char* metric);
Improvement times_less(const char* metric);

Column improvement_column(const ScenarioCells& scenario, const Reference& reference,
                          const std::string& title, const Improvement& improvement);

// The scenario's axes and those of the columns that are measured; empty where none is.
Table measured_table(const ScenarioCells& scenario, const std::vector<Cell>& cells, Table columns);

}  // namespace moebench::reports
