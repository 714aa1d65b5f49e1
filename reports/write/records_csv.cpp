#include "reports/write/records_csv.h"

#include "reports/write/cells.h"
#include "reports/write/csv_row.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

using Fields = std::vector<std::string>;

void add_row(Fields row, const Fields& rest, std::string& out) {
  row.insert(row.end(), rest.begin(), rest.end());
  add_csv_row(row, out);
}

std::string text_of(const std::optional<double>& value) {
  return value ? format_exact(*value) : "";
}

Fields key_of(const record::CellRecord& r, const std::string& scenario,
              const std::vector<std::string>& axes) {
  Fields key = {scenario, r.id};
  for (const auto& axis : axes) key.push_back(r.axis(axis));
  key.push_back(std::to_string(r.repetition));
  key.push_back(record::to_string(r.disposition));
  return key;
}

void add_record(const record::CellRecord& r, const std::string& scenario,
                const std::vector<std::string>& axes, std::string& out) {
  const Fields key = key_of(r, scenario, axes);
  if (r.metrics.empty()) add_row(key, {"", "", "", ""}, out);
  for (const auto& [name, metric] : r.metrics) {
    add_row(key, {name, metric.unit, text_of(metric.value), ""}, out);
    for (std::size_t rank = 0; rank < metric.per_rank.size(); ++rank) {
      add_row(key, {name, metric.unit, text_of(metric.per_rank[rank]), std::to_string(rank)}, out);
    }
  }
}

}  // namespace

std::string records_csv(const std::vector<record::CellRecord>& records) {
  std::vector<const record::CellRecord*> pointers;
  for (const auto& r : records) pointers.push_back(&r);
  const auto axes = axis_names(pointers);
  Fields header = {"scenario", "id"};
  header.insert(header.end(), axes.begin(), axes.end());
  std::string out;
  add_row(header, {"repetition", "disposition", "metric", "unit", "value", "rank"}, out);
  for (const auto& r : records) {
    for (const std::string& scenario : r.scenario_names()) add_record(r, scenario, axes, out);
  }
  return out;
}

}  // namespace moebench::reports
