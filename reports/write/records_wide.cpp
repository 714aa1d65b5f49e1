#include "reports/write/records_wide.h"

#include <algorithm>
#include <map>
#include <set>

#include "harness/record/metric_catalogue.h"
#include "reports/write/cells.h"

namespace moebench::reports {
namespace {

using Row = std::pair<const record::CellRecord*, std::string>;  // and its scenario

std::vector<Row> rows_of(const std::vector<record::CellRecord>& records) {
  std::vector<Row> rows;
  for (const auto& record : records) {
    for (std::string& scenario : record.scenario_names()) {
      rows.emplace_back(&record, std::move(scenario));
    }
  }
  return rows;
}

// Names of metrics that have a headline, with their units.
std::vector<std::pair<std::string, std::string>> headlines_of(
    const std::vector<record::CellRecord>& records) {
  std::map<std::string, std::string> units;
  for (const auto& record : records) {
    for (const auto& [name, metric] : record.metrics) {
      if (metric.value) units.emplace(name, metric.unit);
    }
    const record::Headlines& others = record.headlines;
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (others.value(i)) units.emplace(others.name(i).metric, others.name(i).unit);
    }
  }
  std::vector<std::pair<std::string, std::string>> headlines;
  for (const record::MetricInfo& info : record::metric_catalogue()) {
    const auto found = units.find(std::string(info.name));
    if (found == units.end()) continue;
    headlines.push_back(*found);
    units.erase(found);
  }
  headlines.insert(headlines.end(), units.begin(), units.end());
  return headlines;
}

// What the files of other harnesses say besides: "fms.<column>".
std::set<std::string> imported_fields(const std::vector<record::CellRecord>& records) {
  std::set<std::string> fields;
  for (const auto& record : records) {
    const std::string harness = record::fact(record.environment, "imported");
    if (harness.empty()) continue;
    const std::string prefix = harness + ".";
    for (auto entry = record.environment.lower_bound(prefix);
         entry != record.environment.end() && entry->first.starts_with(prefix); ++entry) {
      fields.insert(entry->first);
    }
  }
  return fields;
}

template <typename EntryOf>
Column filled(Column column, const std::vector<Row>& rows, const EntryOf& entry_of) {
  column.entries.reserve(rows.size());
  for (const Row& row : rows) column.add(entry_of(*row.first, row.second));
  return column;
}

Entry words(const std::string& text) { return text.empty() ? Entry() : Entry(text); }

}  // namespace

Document records_wide_document(const std::vector<record::CellRecord>& records) {
  using record::CellRecord;
  std::vector<const CellRecord*> pointers;
  for (const auto& record : records) pointers.push_back(&record);
  const std::vector<Row> rows = rows_of(records);
  Table table;
  const auto add = [&](Column column, const auto& entry_of) {
    table.push_back(filled(std::move(column), rows, entry_of));
  };
  add(key_column("scenario"),
      [](const CellRecord&, const std::string& name) { return words(name); });
  add(key_column("id"), [](const CellRecord& record, const auto&) { return words(record.id); });
  for (const std::string& axis : axis_names(pointers)) {
    add(key_column(axis),
        [&](const CellRecord& record, const auto&) { return words(record.axis(axis)); });
  }
  Column repetition = number_column("repetition", kCount);
  repetition.is_key = true;
  add(std::move(repetition), [](const CellRecord& record, const auto&) {
    return Entry(static_cast<double>(record.repetition));
  });
  add(words_column("disposition"), [](const CellRecord& record, const auto&) {
    return Entry(record.disposition, record::to_string(record.disposition));
  });
  add(words_column("message"), [](const CellRecord& record, const auto&) {
    return words(std::string(first_line(record.message)));
  });
  for (const auto& [name, unit] : headlines_of(records)) {
    add(number_column(unit == "1" ? name : name + " (" + unit + ")"),
        [&](const CellRecord& record, const auto&) { return Entry(record.value(name)); });
  }
  for (const std::string& field : imported_fields(records)) {
    add(words_column(field), [&](const CellRecord& record, const auto&) {
      const auto found = record.environment.find(field);
      return found == record.environment.end() ? Entry() : words(found->second);
    });
  }
  return {table};
}

}  // namespace moebench::reports
