#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

// All repetitions of one cell. The records are not owned and must outlive it.
struct Cell {
  std::vector<const record::CellRecord*> repetitions;  // at least one

  const record::CellRecord& first() const { return *repetitions.front(); }
  const std::string& id() const { return first().id; }
  // The initial value where the record's version did not have the axis yet.
  std::string axis(std::string_view name) const;

  // A cell is ok when every repetition is; otherwise the first one that is not speaks for it.
  const record::CellRecord* failure() const;
  bool ok() const { return failure() == nullptr; }

  // The programs that measured it (record::program_of), each once; empty where no record says.
  std::vector<std::string> programs() const;

  // The repetition of which a row shows every number, so that its columns agree with each other and
  // parts add up: the one with the median runtime (of loads: load_time,
  // of microbenchmarks: benchmark_real_time), of two in the middle the
  // faster. The first where none has such a time.
  const record::CellRecord& typical() const;
  std::optional<double> value(std::string_view metric) const { return typical().value(metric); }

  // Smallest and largest repetition relative to the typical one, e.g. {-0.01, 0.03}.
  std::optional<std::pair<double, double>> spread(std::string_view metric) const;

 private:
  // Every column of every table asks for it, so it is looked for once; `repetitions` stay as they
  // are from then on.
  mutable const record::CellRecord* typical_ = nullptr;
};

struct ScenarioCells {
  std::string name;
  std::vector<Cell> cells;
  // Axis names in the order of first appearance, parted by whether the cells differ there; "id" is
  // among them where cells differ in no axis. What not every cell states is constant in none.
  std::vector<std::string> varying_axes = {};
  std::vector<std::string> constant_axes = {};
  // The axis values that the scenario names as its baseline; empty where it names none.
  std::vector<std::pair<std::string, std::string>> baseline = {};

  std::vector<Cell> ok_cells() const;
  // Returns the programs of all cells, each once.
  std::vector<std::string> programs() const;
};

// Two builds that ran the same cell in pairs are not its repetitions: the arm becomes an axis.
std::vector<record::CellRecord> with_arms(std::vector<record::CellRecord> records);

// Scenarios and cells in the order of first appearance; a cell is an id, and its arm and
// results folder where the records have such axes. A cell is in each scenario that its records
// name. Error where there are no records.
std::vector<ScenarioCells> group_cells(const std::vector<record::CellRecord>& records);

// Axis names of all records in the order of first appearance.
std::vector<std::string> axis_names(const std::vector<const record::CellRecord*>& records);

// Tells whether the axis says how widely a parallelism is spread, and so goes with the axis
// parallelism.
bool is_degree(std::string_view axis);

// "parallelism ep · ep_degree 2": the named axes of a cell; "" where there are none.
std::string describe(const Cell& cell, const std::vector<std::string>& axes);

// "OOM", "TIMED OUT", "CRASHED", "INCORRECT", "UNSUPPORTED", "ok".
const char* disposition_word(record::Disposition disposition);

// Tells whether the cell computed more than its model FLOPs.
bool recomputes(const Cell& cell);

}  // namespace moebench::reports
