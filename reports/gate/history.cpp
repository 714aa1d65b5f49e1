#include "reports/gate/history.h"

#include <algorithm>
#include <string>

#include "harness/record/metric_catalogue.h"
#include "harness/record/program.h"
#include "reports/gate/names.h"
#include "reports/write/cells.h"
#include "reports/write/format_value.h"

namespace moebench::gate {
namespace {

constexpr std::size_t kDateLength = 10;

std::optional<double> value_in(const reports::Cell& cell, std::string_view metric) {
  if (!cell.ok()) return std::nullopt;
  if (metric == "load_time" && cell.value("step_time")) return std::nullopt;
  return cell.value(metric);
}

HistoryRow row_of(const reports::ScenarioCells& scenario, const reports::Cell& cell,
                  int generation) {
  const record::CellRecord& first = cell.first();
  HistoryRow row{.scenario = scenario.name,
                 .cell = describe(cell, scenario.varying_axes),
                 .id = cell.id(),
                 .generation = generation};
  row.date = first.started_at.substr(0, kDateLength);
  row.git_sha = record::fact(first.environment, "git_sha");
  row.program = record::program_of(first);
  row.runs = static_cast<int>(cell.repetitions.size());
  if (const record::CellRecord* failure = cell.failure()) row.disposition = failure->disposition;
  for (std::size_t i = 0; i < kHistoryMetrics.size(); ++i) {
    row.values[i].value = value_in(cell, kHistoryMetrics[i]);
  }
  return row;
}

bool is_same_cell(const HistoryRow& a, const HistoryRow& b) {
  return a.scenario == b.scenario && a.id == b.id;
}

// Behind the last row of its cell, else at the end.
void insert(HistoryRow row, std::vector<HistoryRow>& history) {
  const auto last = std::find_if(history.rbegin(), history.rend(),
                                 [&](const HistoryRow& other) { return is_same_cell(row, other); });
  history.insert(last == history.rend() ? history.end() : last.base(), std::move(row));
}

void add_changes(std::vector<HistoryRow>& history) {
  std::array<std::optional<double>, kHistoryMetrics.size()> before{};
  for (std::size_t place = 0; place < history.size(); ++place) {
    HistoryRow& row = history[place];
    if (place == 0 || !is_same_cell(row, history[place - 1])) before = {};
    for (std::size_t i = 0; i < before.size(); ++i) {
      HistoryValue& now = row.values[i];
      if (now.value && before[i] && *before[i] != 0) now.change = *now.value / *before[i] - 1;
      if (now.value) before[i] = now.value;
    }
  }
}

void add_metric(std::size_t i, const std::vector<HistoryRow>& history, reports::Table& table) {
  const std::string metric(kHistoryMetrics[i]);
  const char* unit = record::metric_info(metric).unit.data();  // a literal
  reports::Column values = reports::number_column(metric, {unit});
  reports::Column changes = reports::number_column("Δ", reports::kChange, metric + " change");
  for (const HistoryRow& row : history) {
    const HistoryValue& now = row.values[i];
    if (row.disposition != record::Disposition::kOk && i == 0) {
      values.add({row.disposition, reports::disposition_word(row.disposition)});
    } else {
      values.add({now.value, value_text(now.value, unit)});
    }
    changes.add(now.change);
  }
  if (!values.is_measured()) return;
  table.push_back(std::move(values));
  if (changes.is_measured()) table.push_back(std::move(changes));
}

}  // namespace

std::vector<HistoryRow> baseline_history(const std::vector<Generation>& generations) {
  std::vector<HistoryRow> history;
  for (const Generation& generation : generations) {
    for (const auto& scenario : reports::group_cells(generation.records)) {
      for (const reports::Cell& cell : scenario.cells) {
        insert(row_of(scenario, cell, generation.number), history);
      }
    }
  }
  add_changes(history);
  return history;
}

reports::Table history_table(const std::vector<HistoryRow>& history) {
  reports::Table table = {
      reports::key_column("cell"),       reports::number_column("generation", reports::kCount),
      reports::words_column("measured"), reports::words_column("git"),
      reports::words_column("program"),  reports::number_column("runs", reports::kCount)};
  table[1].is_key = true;
  for (const HistoryRow& row : history) {
    add_row(table, {row.cell.empty() ? row.scenario : row.cell, static_cast<double>(row.generation),
                    row.date, row.git_sha, row.program, static_cast<double>(row.runs)});
  }
  for (std::size_t i = 0; i < kHistoryMetrics.size(); ++i) add_metric(i, history, table);
  return table;
}

}  // namespace moebench::gate
