#include "reports/write/loading.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "harness/base/units.h"
#include "harness/record/metric_catalogue.h"
#include "reports/write/columns.h"
#include "reports/write/format_value.h"
#include "reports/write/gains.h"
#include "reports/write/notes.h"

namespace moebench::reports {
namespace {

// Lists the stages in the order of a load, which is that of the catalogue.
std::vector<std::string> stages() {
  std::vector<std::string> names;
  for (const record::MetricInfo& info : record::metric_catalogue()) {
    if (info.name.starts_with("load_stage.")) names.emplace_back(info.name);
  }
  return names;
}

constexpr std::array kFunctions = {"shard_moe", "load_sharded_experts_onto_device", "torch.concat",
                                   "distribute_tensor"};

// value / other.
ValueOf quotient(const char* value, const char* other) {
  return [=](const Cell& cell) -> std::optional<double> {
    const auto a = cell.value(value), b = cell.value(other);
    return a && b && *b != 0 ? std::optional(*a / *b) : std::nullopt;
  };
}

std::optional<double> bytes_a_second(std::optional<double> bytes, std::optional<double> ns) {
  if (!bytes || !ns || *ns == 0) return std::nullopt;
  return *bytes / *ns * kNsPerSecond;
}

std::optional<double> needed_rate(const record::CellRecord& record) {
  return bytes_a_second(record.value("load_bytes_needed"), record.value("load_time"));
}

// Bytes a second that the load reached, as a share of what large reads reach.
std::optional<double> share_of_disk(const record::CellRecord& record) {
  const auto reached = needed_rate(record), rate = record.value("disk_read_rate");
  if (!reached || !rate || *rate == 0) return std::nullopt;
  return *reached / *rate;
}

// Returns the rate of stage read. Touching mapped pages that are in the page cache moves nothing.
std::optional<double> read_rate(const record::CellRecord& record) {
  const std::string loader = record.axis("loader");
  const bool is_mapped = loader == "concat" || loader == "slice";
  if (is_mapped && record.value("page_cache_share").value_or(1) > 0) return std::nullopt;
  return bytes_a_second(record.value("load_bytes_read"), record.value("load_stage.read"));
}

std::optional<double> all_stages_ns(const record::CellRecord& record) {
  double sum = 0;
  for (const std::string& stage : stages()) sum += record.value(stage).value_or(0);
  return sum == 0 ? std::nullopt : std::optional(sum);
}

// The loader that all came from, unless the scenario names another baseline.
Reference baseline_of(const ScenarioCells& scenario) {
  return scenario.baseline.empty() ? Reference(scenario, {{"loader", "concat"}})
                                   : Reference(scenario);
}

Column gain_column(const ScenarioCells& scenario) {
  const Reference baseline = baseline_of(scenario);
  const std::vector<const Cell*> references = baseline.of_cells(scenario);
  const auto gains = gains_of(scenario, baseline, "load_time");
  Column column = number_column("gain", kFactor);
  for (std::size_t i = 0; i < gains.size(); ++i) {
    const Cell& cell = scenario.cells[i];
    if (gains[i]) {
      column.add(gain_entry(*gains[i]));
    } else {
      column.add(references[i] == &cell && cell.ok() ? Entry(1.0, "reference") : Entry());
    }
  }
  return column;
}

Table speed_table(const ScenarioCells& scenario) {
  const auto& cells = scenario.cells;
  Table table = axis_columns(scenario, cells);
  table.push_back(metric_column(cells, "load_time"));
  table.push_back(gain_column(scenario));
  table.push_back(repetitions_column(cells));
  table.push_back(spread_column(cells, "load min..max", "load_time"));
  Table measured = {
      value_column(cells, "/ copy", quotient("load_time", "copy_time"), kFactor),
      value_column(
          cells, "of disk rate", [](const Cell& c) { return share_of_disk(c.typical()); }, kShare),
      value_column(
          cells, "needed GB/s", [](const Cell& c) { return needed_rate(c.typical()); },
          kBareGigabytesPerSecond, "needed rate"),
      metric_column(cells, "load_bytes_needed"),
      value_column(cells, "read / needed", quotient("load_bytes_read", "load_bytes_needed"),
                   kFactor),
      value_column(cells, "peak RSS / kept", quotient("load_rss_peak", "load_bytes_kept"), kFactor),
      metric_column(cells, "load_minor_faults"),
      metric_column(cells, "load_major_faults"),
  };
  std::erase_if(measured, [](const Column& column) { return !column.is_measured(); });
  table.insert(table.end(), measured.begin(), measured.end());
  if (const auto program = program_column(scenario)) table.push_back(*program);
  if (const auto result = result_column(cells)) table.push_back(*result);
  return table;
}

Table stage_table(const ScenarioCells& scenario) {
  const std::vector<Cell> cells = scenario.ok_cells();
  Table columns = {value_column(
      cells, "all", [](const Cell& cell) { return all_stages_ns(cell.typical()); }, kSeconds)};
  for (const std::string& stage : stages()) columns.push_back(metric_column(cells, stage));
  columns.push_back(value_column(
      cells, "read GB/s", [](const Cell& cell) { return read_rate(cell.typical()); },
      kBareGigabytesPerSecond, "read rate"));
  return measured_table(scenario, cells, std::move(columns));
}

std::vector<std::string> definitions(const ScenarioCells& scenario) {
  std::vector<std::string> lines = {
      "load: from opening the first file until every byte is in place, the slowest rank. gain: how "
      "many times faster than loader concat with otherwise the same axes. / copy: as a multiple of "
      "a memcpy of the bytes that a rank keeps, by the same threads. read / needed: bytes read, "
      "from disk or page cache, as a multiple of those whose values the ranks keep. peak RSS: "
      "above "
      "what was resident before, as a multiple of the bytes kept. Faults: of all ranks.",
      "where the time goes: seconds of a load of its own that touches pages apart from using them, "
      "means over ranks and their threads. faults: first touch of fresh memory. read: positioned "
      "reads, or the touch of mapped pages."};
  const bool has_disk = std::ranges::any_of(
      scenario.cells, [](const Cell& cell) { return cell.value("disk_read_rate").has_value(); });
  if (has_disk) {
    lines.emplace_back(
        "of disk rate: bytes needed a second of the load, as a share of what reads of 4 MB past "
        "the "
        "page cache reached in the same run.");
  }
  return lines;
}

std::string format_pstats(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.3f}", *seconds) : kNone;
}

Table profile_table(const Cell& cell) {
  constexpr NumberStyle kTime = {"ns", "", kNsPerSecond, format_pstats};
  Table table = {number_column("ncalls", kCount),
                 number_column("tottime", kTime),
                 number_column("percall", kTime, "tottime percall"),
                 number_column("cumtime", kTime),
                 number_column("percall", kTime, "cumtime percall"),
                 key_column("name")};
  for (const std::string function : kFunctions) {
    const auto calls = cell.value("calls." + function);
    const auto own = cell.value("own_time." + function);
    const auto cumulative = cell.value("cumulative_time." + function);
    if (!calls || !own || !cumulative) continue;
    const double divisor = std::max(1.0, *calls);
    add_row(table, {calls, own, *own / divisor, cumulative, *cumulative / divisor, function});
  }
  return table;
}

}  // namespace

bool is_loading(const ScenarioCells& scenario) {
  return std::ranges::any_of(
      scenario.cells, [](const Cell& cell) { return record::measures_loading(cell.first()); });
}

void add_loading(Document& document, const ScenarioCells& scenario) {
  add_table(document, speed_table(scenario));
  add_section(document, {3, "Where the time goes"}, stage_table(scenario));
  add_list(document, notes_of(scenario, definitions(scenario)));
}

void add_load_profiles(Document& document, const ScenarioCells& scenario) {
  for (const Cell& cell : scenario.ok_cells()) {
    std::string title = describe(cell, scenario.varying_axes);
    if (title.empty()) title = "loader " + cell.axis("loader");
    add_section(document, {3, "Profile: " + title}, profile_table(cell));
  }
}

}  // namespace moebench::reports
