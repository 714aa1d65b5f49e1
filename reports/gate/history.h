#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/table.h"

// What a named baseline's generations measured, over time.
namespace moebench::gate {

struct Generation {
  int number = 0;
  std::vector<record::CellRecord> records;
};

// Of a cell without steps the load's time stands for the step's.
inline constexpr auto kHistoryMetrics =
    std::to_array<std::string_view>({"step_time", "tokens_per_second", "load_time", "mem_peak"});

struct HistoryValue {
  std::optional<double> value{};   // of the typical repetition
  std::optional<double> change{};  // relative, since the generation before that has the value
};

// A cell in a generation.
struct HistoryRow {
  std::string scenario;
  std::string cell;  // its axes that vary, "" where none does
  std::string id;
  int generation = 0;
  std::string date{};  // of its first run, YYYY-MM-DD
  std::string git_sha{};
  std::string program{};  // record::program_of
  int runs = 0;
  record::Disposition disposition = record::Disposition::kOk;
  std::array<HistoryValue, kHistoryMetrics.size()> values{};
};

// Rows by scenario and cell in the order of first appearance, each with its generations, which are
// ascending. Pure.
std::vector<HistoryRow> baseline_history(const std::vector<Generation>& generations);

reports::Table history_table(const std::vector<HistoryRow>& history);

}  // namespace moebench::gate
