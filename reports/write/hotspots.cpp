#include "reports/write/hotspots.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/base/units.h"
#include "reports/write/format_value.h"
#include "reports/write/profile_values.h"
#include "reports/write/table.h"

namespace moebench::reports {
namespace {

struct Hotspot {
  const Cell* cell;
  OperationRow row;
  double share;
};

std::vector<Hotspot> hotspots(const ScenarioCells& scenario) {
  std::vector<Hotspot> found;
  for (const Cell& cell : scenario.cells) {
    const auto wall = is_profiled(cell) ? operations_wall_ns(cell) : std::nullopt;
    if (!wall) continue;
    for (const OperationRow& row : operation_rows(cell)) {
      found.push_back({&cell, row, row.own_ns / *wall});
    }
  }
  std::ranges::stable_sort(found, std::ranges::greater(), &Hotspot::share);
  return found;
}

Table text_table(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  Table table;
  for (const std::string& title : left) table.push_back({title, Align::kLeft});
  for (const std::string& title : right) table.push_back({title});
  return table;
}

}  // namespace

std::string hotspots_section(const ScenarioCells& scenario, std::size_t top) {
  auto rows = hotspots(scenario);
  if (rows.empty()) return "";
  rows.resize(std::min(rows.size(), top));
  Table table = text_table({"cell", "phase", "operation"}, {"of its steps", "own (s)", "ncalls"});
  for (const Hotspot& hotspot : rows) {
    const OperationRow& row = hotspot.row;
    add_row(table, {name_in(scenario, *hotspot.cell), row.phase,
                    row.function.empty() ? "(outside operations)" : row.function,
                    format_share(hotspot.share), format_number(row.own_ns / kNsPerSecond),
                    format_count(row.calls)});
  }
  return fmt::format(
      "### Hotspots\n\n{}\nShare of a cell's profiled steps that passes in the operation itself, "
      "all "
      "ranks together.\n\n",
      to_markdown(table));
}

std::string movement_section(const ScenarioCells& scenario) {
  Table table = text_table({"cell", "operation"},
                           {"calls", "MB", "time (ms)", "GB/s", "of a copy's", "of the step"});
  for (const Cell& cell : scenario.cells) {
    if (!is_profiled(cell)) continue;
    const auto ranks = rank_values(cell, "profile_plain_step_time");
    double step_ns = 0;
    for (const double rank : ranks) step_ns += rank;
    auto names = names_after(cell, "moved_time.");
    const auto time_of = [&](const std::string& name) {
      return cell.median("moved_time." + name).value_or(0);
    };
    std::ranges::stable_sort(names, std::ranges::greater(), time_of);
    // The copy rate is that of all ranks together, the rows' times are added up over ranks.
    const auto copy_rate = cell.median("copy_rate");
    for (const std::string& name : names) {
      const double ns = time_of(name), bytes = cell.median("moved_bytes." + name).value_or(0);
      if (!(ns > 0)) continue;
      const double rate = bytes / ns;
      const auto of_copy =
          copy_rate
              ? std::optional(rate * kNsPerSecond * static_cast<double>(ranks.size()) / *copy_rate)
              : std::nullopt;
      add_row(table,
              {name_in(scenario, cell), name, format_number(cell.median("moved_calls." + name)),
               format_number(bytes / 1e6), format_number(ns / kNsPerMillisecond),
               format_number(rate), format_share(of_copy),
               format_share(step_ns > 0 ? std::optional(ns / step_ns) : std::nullopt)});
    }
  }
  if (table.front().cells.empty()) return "";
  return fmt::format(
      "### Moved data\n\n{}\nOne step, all ranks together. MB: bytes read and bytes written, both "
      "counted. GB/s: of one rank while it moves. of a copy's: against a large copy by all ranks "
      "at "
      "once on the same machine, measured in the same run; what stays in caches exceeds it.\n\n",
      to_markdown(table));
}

}  // namespace moebench::reports
