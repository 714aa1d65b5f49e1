#include "reports/write/profile_values.h"

#include <algorithm>
#include <string_view>

#include "harness/base/parse.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

// Of a size class as records name it, "32KiB"; 0 where it is none.
double bytes_of(const std::string& size) {
  const auto number = parse_leading_number<double>(size);
  if (!number) return 0;
  double bytes = number->first;
  for (const std::string_view unit : {"B", "KiB", "MiB", "GiB", "TiB"}) {
    if (number->second == unit) return bytes;
    bytes *= 1024;
  }
  return 0;
}

}  // namespace

double value(const Cell& cell, const std::string& metric) { return cell.value(metric).value_or(0); }

std::vector<std::string> names_after(const Cell& cell, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& [name, metric] : cell.first().metrics) {
    if (name.starts_with(prefix)) names.push_back(name.substr(prefix.size()));
  }
  return names;
}

bool is_profiled(const Cell& cell) {
  return cell.ok() && cell.value("profiled_steps").value_or(0) > 0;
}

std::string name_in(const ScenarioCells& scenario, const Cell& cell) {
  const std::string name = describe(cell, scenario.varying_axes);
  return name.empty() ? scenario.name : name;
}

std::vector<double> rank_values(const Cell& cell, const std::string& metric) {
  const auto found = cell.first().metrics.find(metric);
  if (found == cell.first().metrics.end()) return {};
  std::vector<double> values;
  for (const auto& rank : found->second.per_rank) {
    if (!rank) return {};
    values.push_back(*rank);
  }
  return values;
}

std::vector<OperationRow> operation_rows(const Cell& cell) {
  const double steps = value(cell, "profiled_steps");
  std::vector<OperationRow> rows;
  for (const std::string& name : names_after(cell, "op_own_time.")) {
    const std::size_t dot = name.find('.');
    OperationRow row{name.substr(0, dot), name.substr(dot + 1)};
    row.calls = steps * value(cell, "op_calls." + name);
    row.primitive_calls = steps * value(cell, "op_primitive_calls." + name);
    row.own_ns = steps * value(cell, "op_own_time." + name);
    row.cumulative_ns = steps * value(cell, "op_cumulative_time." + name);
    const auto ranks = rank_values(cell, "op_own_time." + name);
    const auto slowest = std::ranges::max_element(ranks);
    if (slowest != ranks.end()) {
      row.slowest_rank = static_cast<std::size_t>(slowest - ranks.begin());
      row.slowest_rank_own_ns = steps * *slowest;
    }
    rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(rows, std::ranges::greater(), &OperationRow::own_ns);
  return rows;
}

std::vector<ActivityRow> activity_rows(const Cell& cell) {
  const double ranks =
      static_cast<double>(std::max<std::size_t>(1, rank_values(cell, "gpu_busy_time").size()));
  std::vector<ActivityRow> rows;
  for (const std::string& key : names_after(cell, "gpu_activity_time.")) {
    const std::size_t dot = key.find('.');
    rows.push_back({key.substr(0, dot), key.substr(dot + 1),
                    value(cell, "gpu_activity_calls." + key) / ranks,
                    value(cell, "gpu_activity_time." + key) / ranks});
  }
  std::ranges::stable_sort(rows, std::ranges::greater(), &ActivityRow::time_ns);
  return rows;
}

std::vector<CollectiveRow> collective_rows(const Cell& cell) {
  constexpr std::string_view kCalls = ".calls";
  const auto ranks = static_cast<double>(rank_values(cell, "collective_wait").size());
  std::vector<CollectiveRow> rows;
  for (const std::string& name : names_after(cell, "collective.")) {
    if (!name.ends_with(kCalls)) continue;
    const std::string key = name.substr(0, name.size() - kCalls.size());
    const auto of = [&](const char* what) {
      return value(cell, "collective." + key + "." + what) / ranks;
    };
    const std::size_t dot = key.find('.');
    rows.push_back({.kind = key.substr(0, dot),
                    .size = key.substr(dot + 1),
                    .calls = of("calls"),
                    .bytes = of("bytes"),
                    .wire_bytes = of("wire_bytes"),
                    .bus_bytes = of("bus_bytes"),
                    .wait_ns = of("wait"),
                    .transfer_ns = of("transfer")});
  }
  std::ranges::stable_sort(
      rows, {}, [](const CollectiveRow& row) { return std::pair(row.kind, bytes_of(row.size)); });
  return rows;
}

MemoryPeak memory_peak(const Cell& cell) {
  const auto peaks = rank_values(cell, "mem_peak");
  if (peaks.empty()) return {};
  const auto rank = static_cast<std::size_t>(std::ranges::max_element(peaks) - peaks.begin());
  MemoryPeak peak;
  double most = 0;
  for (const std::string phase : kStepPhases) {
    MemoryPeak here = {.phase = phase, .kinds = {}};
    double sum = 0;
    for (const std::string kind : kMemoryKinds) {
      const auto bytes = rank_values(cell, "mem_in_phase." + phase + "." + kind);
      if (rank >= bytes.size() || bytes[rank] == 0) continue;
      here.kinds.emplace_back(kind, bytes[rank]);
      sum += bytes[rank];
    }
    if (sum > most) most = sum, peak = std::move(here);
  }
  return peak;
}

std::optional<double> operations_wall_ns(const Cell& cell) {
  const auto ranks = rank_values(cell, "profile_ops_step_time");
  if (ranks.empty()) return std::nullopt;
  double sum = 0;
  for (const double mean : ranks) sum += mean;
  return sum * value(cell, "profiled_steps");
}

}  // namespace moebench::reports
