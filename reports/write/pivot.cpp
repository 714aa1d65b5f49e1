#include "reports/write/pivot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "harness/base/error.h"
#include "harness/base/words.h"
#include "harness/record/metric_catalogue.h"
#include "reports/write/agreement.h"
#include "reports/write/axis_values.h"
#include "reports/write/columns.h"
#include "reports/write/engines.h"
#include "reports/write/format_value.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

using record::CellRecord;

constexpr const char* kGeometricMean = "geometric mean";

using Key = std::vector<std::size_t>;  // of each axis the place of a value among the sorted ones

// One side of the table: axes with their values in order.
class Side {
 public:
  Side(const std::vector<Cell>& cells, std::vector<std::string> axes) : axes_(std::move(axes)) {
    for (const std::string& axis : axes_) {
      values_.push_back(sorted_values(cells, axis));
      std::map<std::string, std::size_t>& places = places_.emplace_back();
      for (const std::string& value : values_.back()) places.emplace(value, places.size());
    }
  }

  const std::vector<std::string>& axes() const { return axes_; }
  Key key_of(const Cell& cell) const {
    Key key;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      key.push_back(places_[i].at(cell.axis(axes_[i])));
    }
    return key;
  }
  const std::string& value(const Key& key, std::size_t axis) const {
    return values_[axis][key[axis]];
  }
  // "ep · 8"
  std::string text(const Key& key) const {
    std::string text;
    for (std::size_t i = 0; i < key.size(); ++i) {
      const std::string& word = value(key, i);
      text += (text.empty() ? "" : " · ") + (word.empty() ? std::string(kNone) : word);
    }
    return text;
  }

 private:
  std::vector<std::string> axes_;
  std::vector<std::vector<std::string>> values_;
  std::vector<std::map<std::string, std::size_t>> places_;
};

// The cells of a scenario at their places.
struct Grid {
  Side rows;
  Side columns;
  std::set<Key> row_keys{};
  std::set<Key> column_keys{};
  std::map<std::pair<Key, Key>, const Cell*> cells{};

  const Cell* at(const Key& row, const Key& column) const {
    const auto found = cells.find({row, column});
    return found == cells.end() ? nullptr : found->second;
  }
};

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}

// Of cells that are all to stand at the place of the first.
[[noreturn]] void refuse_shared_place(const std::vector<const Cell*>& cells, const Grid& grid) {
  const std::vector<std::string> axes = differing_axes(cells);
  if (axes.empty()) {
    throw Error("cells {} and {} fall on one place of the table: no axis tells them apart",
                cells[0]->id(), cells[1]->id());
  }
  std::vector<std::string> given = grid.rows.axes();
  given.insert(given.end(), grid.columns.axes().begin(), grid.columns.axes().end());
  throw Error(
      "{} cells fall on one place of the table, {}: they differ in {}; add that to --rows or "
      "--columns, or keep one of its values with --filter {}={}",
      cells.size(), given.empty() ? "which has no axes" : describe(*cells.front(), given),
      listed(axes), axes.front(), cells.front()->axis(axes.front()));
}

Grid grid_of(const ScenarioCells& scenario, const PivotOptions& options) {
  Grid grid{.rows = {scenario.cells, options.rows}, .columns = {scenario.cells, options.columns}};
  std::map<std::pair<Key, Key>, std::vector<const Cell*>> at_place;
  for (const Cell& cell : scenario.cells) {
    const Key row = grid.rows.key_of(cell), column = grid.columns.key_of(cell);
    grid.row_keys.insert(row);
    grid.column_keys.insert(column);
    at_place[{row, column}].push_back(&cell);
  }
  for (const auto& [place, cells] : at_place) {
    if (cells.size() > 1) refuse_shared_place(cells, grid);
    grid.cells[place] = cells.front();
  }
  return grid;
}

// The largest deviation of a repetition from the number shown, as a share of it.
std::optional<double> deviation(const Cell& cell, const std::string& metric) {
  const auto spread = cell.repetitions.size() > 1 ? cell.spread(metric) : std::nullopt;
  if (!spread) return std::nullopt;
  return std::max(std::abs(spread->first), std::abs(spread->second));
}

std::optional<double> number_of(const Cell* cell, const std::string& metric) {
  return cell != nullptr && cell->ok() ? cell->value(metric) : std::nullopt;
}

Entry entry_of(const Cell* cell, const std::string& metric) {
  if (cell == nullptr) return {};
  const auto* failure = cell->failure();
  if (failure != nullptr) return {failure->disposition, disposition_word(failure->disposition)};
  return cell->value(metric);
}

// The rows that have a number above 0, whose logarithm is one, in every column.
std::vector<Key> common_rows(const Grid& grid, const std::string& metric) {
  std::vector<Key> rows;
  for (const Key& row : grid.row_keys) {
    const bool is_common = std::ranges::all_of(grid.column_keys, [&](const Key& column) {
      return number_of(grid.at(row, column), metric).value_or(0) > 0;
    });
    if (is_common) rows.push_back(row);
  }
  return rows;
}

std::optional<double> geometric_mean(const Grid& grid, const Key& column, const std::string& metric,
                                     const std::vector<Key>& rows) {
  if (rows.empty()) return std::nullopt;
  double sum = 0;
  for (const Key& row : rows) sum += std::log(*number_of(grid.at(row, column), metric));
  return std::exp(sum / static_cast<double>(rows.size()));
}

// Metrics that the catalogue does not know stand as they are.
NumberStyle style_of(const std::vector<Cell>& cells, const std::string& metric) {
  return record::find_metric(metric) != nullptr ? metric_column(cells, metric).style : kPlain;
}

std::string title_of(const std::string& metric) {
  const record::MetricInfo* info = record::find_metric(metric);
  return info == nullptr || info->title.empty() ? metric : std::string(info->title);
}

void add_row_keys(const Grid& grid, bool has_mean, Table& table) {
  for (std::size_t axis = 0; axis < grid.rows.axes().size(); ++axis) {
    Column column = key_column(grid.rows.axes()[axis]);
    for (const Key& row : grid.row_keys) {
      const std::string& value = grid.rows.value(row, axis);
      column.add(value.empty() ? Entry() : Entry(value));
    }
    if (has_mean) column.add(axis == 0 ? Entry(kGeometricMean) : Entry(std::nullopt, ""));
    table.push_back(std::move(column));
  }
}

void add_values(const Grid& grid, const std::string& metric, const NumberStyle& style,
                const std::vector<Key>* mean_rows, Table& table) {
  for (const Key& key : grid.column_keys) {
    const std::string name = key.empty() ? title_of(metric) : grid.columns.text(key);
    Column values = number_column(name, style);
    Column deviations = number_column("±", kShare, name + " ±");
    for (const Key& row : grid.row_keys) {
      const Cell* cell = grid.at(row, key);
      values.add(entry_of(cell, metric));
      const bool is_shown = number_of(cell, metric).has_value();
      deviations.add(is_shown ? Entry(deviation(*cell, metric)) : Entry());
    }
    if (mean_rows != nullptr) {
      values.add(geometric_mean(grid, key, metric, *mean_rows));
      deviations.add(Entry(std::nullopt, ""));
    }
    table.push_back(std::move(values));
    if (deviations.is_measured()) table.push_back(std::move(deviations));
  }
}

void add_value_table(Document& document, const Grid& grid, const ScenarioCells& scenario,
                     const std::string& metric) {
  const std::vector<Key> rows = common_rows(grid, metric);
  const bool has_mean = grid.row_keys.size() > 1 && !grid.rows.axes().empty();
  const NumberStyle style = style_of(scenario.cells, metric);
  Table table;
  add_row_keys(grid, has_mean, table);
  add_values(grid, metric, style, has_mean ? &rows : nullptr, table);
  const std::string columns =
      grid.columns.axes().empty() ? "" : " by " + joined(grid.columns.axes());
  add_section(document, {3, title_of(metric) + columns}, std::move(table));
  if (has_mean && rows.size() < grid.row_keys.size()) {
    add_list(document, {fmt::format("{}: over the {} of {} rows that have a number above 0 in "
                                    "every column.",
                                    kGeometricMean, rows.size(), grid.row_keys.size())});
  }
}

std::vector<std::string> metrics_of(const std::vector<CellRecord>& records) {
  std::set<std::string> names;
  std::set<const void*> seen;  // the names that records share, once
  for (const CellRecord& record : records) {
    for (const auto& [name, metric] : record.metrics) {
      if (metric.value) names.insert(name);
    }
    if (record.headlines.size() == 0 || !seen.insert(&record.headlines.name(0)).second) continue;
    for (std::size_t i = 0; i < record.headlines.size(); ++i) {
      if (record.headlines.value(i)) names.insert(record.headlines.name(i).metric);
    }
  }
  return {names.begin(), names.end()};
}

void require_metrics(const std::vector<CellRecord>& records,
                     const std::vector<std::string>& metrics) {
  if (metrics.empty()) return;
  const std::vector<std::string> known = metrics_of(records);
  for (const std::string& metric : metrics) {
    if (std::ranges::binary_search(known, metric)) continue;
    throw Error("--values: no result has a metric '{}'; {}", shortened(metric),
                suggestion_and_list(metric, known));
  }
}

// What was not asked for. Degrees go with the parallelism.
PivotOptions completed(PivotOptions options, const ScenarioCells& scenario) {
  if (options.rows.empty()) {
    for (const std::string& axis : scenario.varying_axes) {
      const bool is_given = std::ranges::count(options.columns, axis) > 0;
      if (!is_given && !is_degree(axis)) options.rows.push_back(axis);
    }
  }
  if (options.values.empty()) {
    for (const char* metric : headline_metrics(scenario)) options.values.emplace_back(metric);
  }
  return options;
}

void refuse_repeated(const PivotOptions& options) {
  for (const std::string& axis : options.rows) {
    if (std::ranges::count(options.columns, axis) == 0) continue;
    throw Error("axis '{}' is among --rows and --columns; leave it out of one", axis);
  }
}

std::vector<std::string> notes_of(const ScenarioCells& scenario) {
  std::vector<std::string> notes;
  const bool is_repeated = std::ranges::any_of(
      scenario.cells, [](const Cell& cell) { return cell.repetitions.size() > 1; });
  if (is_repeated) {
    notes.emplace_back(
        "A number is that of a cell's typical repetition, the one with the median runtime. ±: how "
        "far the repetition farthest from it is away.");
  }
  for (const Cell& cell : scenario.cells) {
    const auto* failure = cell.failure();
    if (failure == nullptr) continue;
    notes.push_back(fmt::format("{}: {} (cell {}){}{}", disposition_word(failure->disposition),
                                describe(cell, scenario.varying_axes), cell.id(),
                                failure->message.empty() ? "" : ": ",
                                first_line(failure->message)));
  }
  return notes;
}

}  // namespace

Document pivot_document(std::vector<CellRecord> recorded, const PivotOptions& options) {
  const auto records = with_arms(check_agreement(std::move(recorded)));
  const auto scenarios = group_cells(records);
  require_axes(records, options.rows, "--rows");
  require_axes(records, options.columns, "--columns");
  require_metrics(records, options.values);
  refuse_repeated(options);
  Document document;
  for (const ScenarioCells& scenario : scenarios) {
    const PivotOptions complete = completed(options, scenario);
    const Grid grid = grid_of(scenario, complete);
    add_heading(document, 2, scenario.name);
    std::vector<std::string> constants = scenario.constant_axes;
    std::erase_if(constants, [&](const std::string& axis) {
      return std::ranges::count(complete.rows, axis) + std::ranges::count(complete.columns, axis) >
             0;
    });
    const std::string shared = describe(scenario.cells.front(), constants);
    if (!shared.empty()) add_paragraph(document, shared);
    for (const std::string& metric : complete.values) {
      add_value_table(document, grid, scenario, metric);
    }
    add_list(document, notes_of(scenario));
  }
  return document;
}

}  // namespace moebench::reports
