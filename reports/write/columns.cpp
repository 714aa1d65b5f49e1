#include "reports/write/columns.h"

#include <algorithm>

#include "harness/record/metric_catalogue.h"
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

// "OOM: first line of the message".
Entry result_of(const Cell& cell) {
  const auto* failure = cell.failure();
  const auto disposition = failure ? failure->disposition : record::Disposition::kOk;
  const std::string message =
      failure ? shorten(first_line(failure->message), kMaxMessageLength) : "";
  return {disposition, disposition_word(disposition) + (message.empty() ? "" : ": " + message)};
}

}  // namespace

ValueOf typical_of(const char* metric) {
  return [metric](const Cell& cell) { return cell.value(metric); };
}

Column axis_column(const std::vector<Cell>& cells, const std::string& axis) {
  return entry_column(cells, key_column(axis), [&](const Cell& cell) {
    const std::string value = cell.axis(axis);
    return value.empty() ? Entry() : Entry(value);
  });
}

Table axis_columns(const ScenarioCells& scenario, const std::vector<Cell>& cells) {
  Table table;
  for (const auto& axis : scenario.varying_axes) table.push_back(axis_column(cells, axis));
  return table;
}

Column entry_column(const std::vector<Cell>& cells, Column column,
                    const std::function<Entry(const Cell&)>& entry_of) {
  for (const Cell& cell : cells) column.add(entry_of(cell));
  return column;
}

Column value_column(const std::vector<Cell>& cells, const std::string& title,
                    const ValueOf& value_of, const NumberStyle& style, const std::string& name) {
  Column column = number_column(title, style, name);
  for (const auto& value : values_of(cells, value_of)) column.add(value);
  return column;
}

Column metric_column(const std::vector<Cell>& cells, const std::string& metric) {
  const record::MetricInfo& info = record::metric_info(metric);
  const std::string title(info.title);
  const ValueOf value = [metric](const Cell& cell) { return cell.value(metric); };
  if (info.format == record::MetricFormat::kShare) return value_column(cells, title, value, kShare);
  const bool is_count = info.format == record::MetricFormat::kCount;
  if (info.unit == "tokens") return value_column(cells, title, value, kTokens);
  if (is_count) return value_column(cells, title, value, kCount);
  if (info.unit == "bytes") return bytes_column(cells, title, metric.c_str());
  if (info.unit == "ns") return value_column(cells, title, value, kSeconds);
  return value_column(cells, title, value, info.unit == "tokens/s" ? kTokensPerSecond : kPlain);
}

Table metric_columns(const std::vector<Cell>& cells, const std::vector<std::string>& metrics) {
  Table table;
  for (const std::string& metric : metrics) table.push_back(metric_column(cells, metric));
  return table;
}

Column bytes_column(const std::vector<Cell>& cells, const std::string& title, const char* metric) {
  const ValueOf value = typical_of(metric);
  return value_column(cells, title, value, bytes_style(values_of(cells, value)));
}

Column seconds_column(const std::vector<Cell>& cells, const std::string& title,
                      const char* metric) {
  return value_column(cells, title, typical_of(metric), kSeconds);
}

Column repetitions_column(const std::vector<Cell>& cells) {
  return entry_column(cells, number_column("n", kCount), [](const Cell& cell) -> Entry {
    return static_cast<double>(cell.repetitions.size());
  });
}

Column spread_column(const std::vector<Cell>& cells, const std::string& title, const char* metric) {
  return entry_column(cells, number_column(title), [=](const Cell& cell) -> Entry {
    const auto range = cell.ok() ? cell.spread(metric) : std::nullopt;
    if (!range || cell.repetitions.size() == 1) return {};
    return format_change(range->first) + ".." + format_change(range->second);
  });
}

std::optional<Column> program_column(const ScenarioCells& scenario) {
  if (scenario.programs().size() < 2) return std::nullopt;
  return entry_column(scenario.cells, words_column("program"), [](const Cell& cell) -> Entry {
    return fmt::format("{}", fmt::join(cell.programs(), " + "));
  });
}

std::optional<Column> result_column(const std::vector<Cell>& cells) {
  if (std::ranges::all_of(cells, [](const Cell& cell) { return cell.ok(); })) return std::nullopt;
  return entry_column(cells, words_column("result"), result_of);
}

Entry Improvement::entry_of(const Cell& cell, const Cell* reference) const {
  const auto value = value_of(cell, reference);
  return reference == &cell && cell.ok() ? Entry(value, "reference") : Entry(value);
}

Improvement change_in(const char* metric) {
  return {[metric](const Cell& cell, const Cell* reference) {
            return relative_change(cell, reference, metric);
          },
          kChange};
}

Improvement times_less(const char* metric) {
  return {[metric](const Cell& cell, const Cell* reference) {
            const auto quotient = ratio(cell, reference, metric);
            return quotient ? std::optional(1 / *quotient) : std::nullopt;
          },
          kFactor};
}

Column improvement_column(const ScenarioCells& scenario, const Reference& reference,
                          const std::string& title, const Improvement& improvement) {
  const std::vector<const Cell*> references = reference.of_cells(scenario);
  Column column = number_column(title, improvement.style);
  for (std::size_t i = 0; i < references.size(); ++i) {
    column.add(improvement.entry_of(scenario.cells[i], references[i]));
  }
  return column;
}

Table measured_table(const ScenarioCells& scenario, const std::vector<Cell>& cells, Table columns) {
  std::erase_if(columns, [](const Column& column) { return !column.is_measured(); });
  if (columns.empty()) return {};
  Table table = axis_columns(scenario, cells);
  table.insert(table.end(), columns.begin(), columns.end());
  return table;
}

}  // namespace moebench::reports
