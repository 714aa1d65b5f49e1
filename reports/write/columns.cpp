#include "reports/write/columns.h"

#include <algorithm>

#include "harness/base/units.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

constexpr std::size_t kMaxMessageLength = 60;  // in the table; the notes have the whole line

std::vector<std::optional<double>> values_of(const std::vector<Cell>& cells,
                                             const ValueOf& value_of) {
  std::vector<std::optional<double>> values;
  for (const Cell& cell : cells) values.push_back(cell.ok() ? value_of(cell) : std::nullopt);
  return values;
}

Column scaled_column(const std::vector<Cell>& cells, const std::string& title, const char* metric,
                     double divisor) {
  const auto scaled = [&](const Cell& cell) {
    const auto value = cell.median(metric);
    return value ? std::optional(*value / divisor) : std::nullopt;
  };
  return value_column(cells, title, scaled, format_number);
}

// "OOM: first line of the message".
std::string result_of(const Cell& cell) {
  const auto* failure = cell.failure();
  if (!failure) return disposition_word(record::Disposition::kOk);
  const std::string message = shorten(first_line(failure->message), kMaxMessageLength);
  return disposition_word(failure->disposition) + (message.empty() ? "" : ": " + message);
}

}  // namespace

ValueOf median_of(const char* metric) {
  return [metric](const Cell& cell) { return cell.median(metric); };
}

Column axis_column(const std::vector<Cell>& cells, const std::string& axis) {
  Column column = text_column(cells, axis, [&](const Cell& cell) {
    const std::string value = cell.axis(axis);
    return value.empty() ? kNone : value;
  });
  column.align = Align::kLeft;
  return column;
}

Table axis_columns(const ScenarioCells& scenario, const std::vector<Cell>& cells) {
  Table table;
  for (const auto& axis : scenario.varying_axes()) table.push_back(axis_column(cells, axis));
  return table;
}

Column text_column(const std::vector<Cell>& cells, const std::string& title,
                   const std::function<std::string(const Cell&)>& text_of) {
  Column column{title};
  for (const Cell& cell : cells) column.cells.push_back(text_of(cell));
  return column;
}

Column value_column(const std::vector<Cell>& cells, const std::string& title,
                    const ValueOf& value_of, Formatter format) {
  Column column{title};
  for (const auto& value : values_of(cells, value_of)) column.cells.push_back(format(value));
  return column;
}

Column bytes_column(const std::vector<Cell>& cells, const std::string& title, const char* metric) {
  const Unit unit = byte_unit(values_of(cells, median_of(metric)));
  return scaled_column(cells, title + " (" + unit.name + ")", metric, unit.divisor);
}

Column seconds_column(const std::vector<Cell>& cells, const std::string& title,
                      const char* metric) {
  return scaled_column(cells, title + " (s)", metric, kNsPerSecond);
}

std::optional<Column> result_column(const std::vector<Cell>& cells) {
  if (std::ranges::all_of(cells, [](const Cell& cell) { return cell.ok(); })) return std::nullopt;
  Column column = text_column(cells, "result", result_of);
  column.align = Align::kLeft;
  return column;
}

Improvement change_in(const char* metric) {
  return [metric](const Cell& cell, const Cell* baseline) {
    return format_change(relative_change(cell, baseline, metric));
  };
}

Improvement times_less(const char* metric) {
  return [metric](const Cell& cell, const Cell* baseline) {
    const auto quotient = ratio(cell, baseline, metric);
    return format_factor(quotient ? std::optional(1 / *quotient) : std::nullopt);
  };
}

Improvement times_more(const char* metric) {
  return [metric](const Cell& cell, const Cell* baseline) {
    return format_factor(ratio(cell, baseline, metric));
  };
}

Column improvement_column(const ScenarioCells& scenario, const Baseline& baseline,
                          const std::string& title, const Improvement& improvement) {
  return text_column(scenario.cells, title, [&](const Cell& cell) {
    const Cell* base = baseline.of(cell, scenario);
    return base == &cell && cell.ok() ? "baseline" : improvement(cell, base);
  });
}

bool is_measured(const Column& column) {
  return std::any_of(column.cells.begin(), column.cells.end(),
                     [](const auto& cell) { return cell != kNone; });
}

Table measured_table(const ScenarioCells& scenario, const std::vector<Cell>& cells, Table columns) {
  std::erase_if(columns, [](const Column& column) { return !is_measured(column); });
  if (columns.empty()) return {};
  Table table = axis_columns(scenario, cells);
  table.insert(table.end(), columns.begin(), columns.end());
  return table;
}

}  // namespace moebench::reports
