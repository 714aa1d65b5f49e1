#include "reports/write/hotspots.h"

#include <algorithm>

#include "harness/base/units.h"
#include "reports/write/profile_values.h"

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

}  // namespace

void add_hotspots(Document& document, const ScenarioCells& scenario, std::size_t top) {
  auto rows = hotspots(scenario);
  if (rows.empty()) return;
  rows.resize(std::min(rows.size(), top));
  Table table = {key_column("cell"),
                 key_column("phase"),
                 key_column("operation"),
                 number_column("of its steps", kShare),
                 number_column("own", kSeconds),
                 number_column("ncalls", kCount)};
  for (const Hotspot& hotspot : rows) {
    const OperationRow& row = hotspot.row;
    add_row(table, {name_in(scenario, *hotspot.cell), row.phase,
                    row.function.empty() ? "(outside operations)" : row.function, hotspot.share,
                    row.own_ns, row.calls});
  }
  add_section(document, {3, "Hotspots"}, std::move(table));
  add_paragraph(document,
                "Share of a cell's profiled steps that passes in the operation itself, all ranks "
                "together.");
}

void add_movement(Document& document, const ScenarioCells& scenario) {
  Table table = {key_column("cell"),
                 key_column("operation"),
                 number_column("calls"),
                 number_column("MB", without_printed_unit(kMegabytes), "moved"),
                 number_column("time", kMilliseconds),
                 number_column("GB/s", without_printed_unit(kGigabytesPerSecond), "rate"),
                 number_column("of a copy's", kShare),
                 number_column("of the step", kShare)};
  for (const Cell& cell : scenario.cells) {
    if (!is_profiled(cell)) continue;
    const auto ranks = rank_values(cell, "profile_plain_step_time");
    double step_ns = 0;
    for (const double rank : ranks) step_ns += rank;
    auto names = names_after(cell, "moved_time.");
    const auto time_of = [&](const std::string& name) {
      return cell.value("moved_time." + name).value_or(0);
    };
    std::ranges::stable_sort(names, std::ranges::greater(), time_of);
    // The copy rate is that of all ranks together, the rows' times are added up over ranks.
    const auto copy_rate = cell.value("copy_rate");
    for (const std::string& name : names) {
      const double ns = time_of(name), bytes = cell.value("moved_bytes." + name).value_or(0);
      if (!(ns > 0)) continue;
      const double rate = bytes / ns * kNsPerSecond;
      const auto of_copy =
          copy_rate ? std::optional(rate * static_cast<double>(ranks.size()) / *copy_rate)
                    : std::nullopt;
      add_row(table, {name_in(scenario, cell), name, cell.value("moved_calls." + name), bytes, ns,
                      rate, of_copy, step_ns > 0 ? std::optional(ns / step_ns) : std::nullopt});
    }
  }
  if (num_rows(table) == 0) return;
  add_section(document, {3, "Moved data"}, std::move(table));
  add_paragraph(
      document,
      "One step, all ranks together. MB: bytes read and bytes written, both counted. GB/s: "
      "of one rank while it moves. of a copy's: against a large copy by all ranks at once "
      "on the same machine, measured in the same run; what stays in caches exceeds it.");
}

}  // namespace moebench::reports
