#include "reports/write/records_csv.h"

#include <fmt/format.h>

#include <iterator>
#include <optional>

#include "reports/write/cells.h"
#include "reports/write/csv_row.h"

namespace moebench::reports {
namespace {

using Fields = std::vector<std::string>;

Fields key_of(const record::CellRecord& r, const std::string& scenario,
              const std::vector<std::string>& axes) {
  Fields key = {scenario, r.id};
  for (const auto& axis : axes) key.push_back(r.axis(axis));
  key.push_back(std::to_string(r.repetition));
  key.push_back(record::to_string(r.disposition));
  return key;
}

std::string row_of(const Fields& fields) {
  std::string row;
  add_csv_row(fields, row);
  row.pop_back();  // the line break: more follows
  return row;
}

// Adds `row`, which has all fields but these.
void add_value(const std::string& row, const std::optional<double>& value, std::string_view rank,
               std::string& out) {
  out.append(row).append(",\"");
  if (value) fmt::format_to(std::back_inserter(out), "{}", *value);
  out.append("\",\"").append(rank).append("\"\n");
}

void add_record(const record::CellRecord& r, const std::string& key, std::string& out) {
  if (r.metrics.empty()) out.append(key).append(",\"\",\"\",\"\",\"\"\n");
  for (const auto& [name, metric] : r.metrics) {
    const std::string row = key + "," + row_of({name, metric.unit});
    add_value(row, metric.value, "", out);
    for (std::size_t rank = 0; rank < metric.per_rank.size(); ++rank) {
      add_value(row, metric.per_rank[rank], fmt::format_int(rank).c_str(), out);
    }
  }
}

}  // namespace

void write_records_csv(const std::vector<record::CellRecord>& records,
                       const std::function<void(std::string_view)>& write) {
  std::vector<const record::CellRecord*> pointers;
  for (const auto& r : records) pointers.push_back(&r);
  const auto axes = axis_names(pointers);
  Fields header = {"scenario", "id"};
  header.insert(header.end(), axes.begin(), axes.end());
  for (const char* name : {"repetition", "disposition", "metric", "unit", "value", "rank"}) {
    header.emplace_back(name);
  }
  std::string text;
  add_csv_row(header, text);
  for (const auto& r : records) {
    const auto excerpt = r.line.file ? std::optional(record::whole(r)) : std::nullopt;
    for (const std::string& scenario : r.scenario_names()) {
      add_record(excerpt ? *excerpt : r, row_of(key_of(r, scenario, axes)), text);
    }
    write(text);
    text.clear();
  }
  write(text);  // the header where there are no records
}

std::string records_csv(const std::vector<record::CellRecord>& records) {
  std::string text;
  write_records_csv(records, [&](std::string_view part) { text += part; });
  return text;
}

}  // namespace moebench::reports
