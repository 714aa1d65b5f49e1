#include "reports/write/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/units.h"
#include "reports/write/cells.h"
#include "reports/write/format_value.h"
#include "reports/write/hotspots.h"
#include "reports/write/profile_gpu.h"
#include "reports/write/profile_values.h"
#include "reports/write/step_phases.h"
#include "reports/write/table.h"

namespace moebench::reports {
namespace {

constexpr std::array kMemoryKinds = {"parameters", "gathered",    "gradients", "full_gradients",
                                     "optimizer",  "activations", "dispatch"};

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::string milliseconds(std::optional<double> ns) {
  return format_number(ns ? std::optional(*ns / kNsPerMillisecond) : std::nullopt);
}

std::string seconds(double ns) { return format_number(ns / kNsPerSecond); }

std::size_t place_of_largest(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::ranges::max_element(values) - values.begin());
}

// "phases +0.3 %, ops +12.1 %".
std::string overhead_line(const Cell& cell) {
  std::string line;
  const auto plain = cell.median("profile_plain_step_time");
  for (const std::string level : {"phases", "ops", "gpu", "trace"}) {
    const auto step = cell.median("profile_" + level + "_step_time");
    if (!plain || !step || *plain == 0) continue;
    line +=
        fmt::format("{}{} {}", line.empty() ? "" : ", ", level, format_change(*step / *plain - 1));
  }
  double marks = 0;
  for (const std::string phase : kStepPhases) {
    marks += cell.median("op_calls." + phase + ".").value_or(0);
  }
  const auto ranks = static_cast<double>(rank_values(cell, "profile_plain_step_time").size());
  const std::string count =
      marks > 0 ? fmt::format(" It enters {:.0f} phases.", marks / ranks) : std::string();
  return fmt::format(
      "A step without profiling takes {} ms; profiling costs, over it: {} (medians of the slowest "
      "rank's steps, in turns).{}\n\n",
      milliseconds(plain), line, count);
}

std::string phase_section(const Cell& cell) {
  Table table = {{"phase", Align::kLeft}, {"ms"},           {"share"},
                 {"waiting (ms)"},        {"slowest rank"}, {"its ms"}};
  const auto steps = rank_values(cell, "profile_phases_step_time");
  const double step = steps.empty() ? 0 : sum(steps) / static_cast<double>(steps.size());
  double total = 0;
  for (const std::string phase : kStepPhases) {
    const auto ns = cell.median("profile_phase." + phase);
    if (!ns || *ns == 0) continue;
    total += *ns;
    const auto ranks = rank_values(cell, "profile_phase." + phase);
    const std::size_t slowest = place_of_largest(ranks);
    add_row(table, {phase, milliseconds(ns), format_share(*ns / step),
                    milliseconds(cell.median("profile_wait." + phase)), fmt::to_string(slowest),
                    milliseconds(ranks[slowest])});
  }
  add_row(table,
          {"all", milliseconds(total), format_share(total / step),
           milliseconds(cell.median("collective_wait")), fmt::to_string(place_of_largest(steps)),
           milliseconds(*std::ranges::max_element(steps))});
  return fmt::format(
      "#### Phases\n\n{}\nA step ({} ms), means over {} steps and all ranks. waiting: for a rank "
      "that "
      "was not ready for a collective.\n\n",
      to_markdown(table), milliseconds(step), format_count(cell.median("profiled_steps")));
}

std::string rank_section(const Cell& cell) {
  const auto skew = rank_values(cell, "collective_skew");
  const auto wait = rank_values(cell, "collective_wait");
  const auto transfer = rank_values(cell, "collective_transfer");
  const auto step = rank_values(cell, "profile_phases_step_time");
  if (skew.size() < 2 || sum(transfer) + sum(wait) == 0) return "";
  Table table = {{"rank"}, {"step (ms)"}, {"waiting (ms)"}, {"transfer (ms)"}, {"skew (ms)"}};
  for (std::size_t rank = 0; rank < skew.size(); ++rank) {
    add_row(table, {fmt::to_string(rank), milliseconds(step[rank]), milliseconds(wait[rank]),
                    milliseconds(transfer[rank]), milliseconds(skew[rank])});
  }
  const std::size_t straggler = place_of_largest(skew);
  return fmt::format(
      "#### Ranks\n\n{}\nTime blocked in collectives: waiting until the last rank is ready, then "
      "the "
      "transfer. skew: how long the others, all together, waited for this rank. Most of it is rank "
      "{}'s: {} of {} ms a step.\n\n",
      to_markdown(table), straggler, milliseconds(skew[straggler]), milliseconds(sum(skew)));
}

std::string calls_text(const OperationRow& row) {
  const std::string calls = format_count(row.calls);
  return row.calls == row.primitive_calls ? calls : calls + "/" + format_count(row.primitive_calls);
}

std::string operation_section(const Cell& cell, std::size_t top) {
  const auto rows = operation_rows(cell);
  const auto wall = operations_wall_ns(cell);
  if (rows.empty() || !wall) return "";
  Table table = {{"ncalls"},
                 {"tottime"},
                 {"percall"},
                 {"cumtime"},
                 {"percall"},
                 {"name", Align::kLeft},
                 {"phase", Align::kLeft},
                 {"max rank"},
                 {"its tottime"}};
  double own = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const OperationRow& row = rows[i];
    own += row.own_ns;
    if (i >= top) continue;
    const double calls = std::max(1.0, row.calls), primitive = std::max(1.0, row.primitive_calls);
    add_row(table, {calls_text(row), seconds(row.own_ns), seconds(row.own_ns / calls),
                    seconds(row.cumulative_ns), seconds(row.cumulative_ns / primitive),
                    row.function.empty() ? "(outside operations)" : row.function, row.phase,
                    fmt::to_string(row.slowest_rank), seconds(row.slowest_rank_own_ns)});
  }
  return fmt::format(
      "#### Operations\n\n{}\nSeconds in {} steps, all ranks together. All {} rows' tottime: {} s "
      "of "
      "the {} s that the steps took.\n\n",
      to_markdown(table), format_count(cell.median("profiled_steps")), rows.size(), seconds(own),
      seconds(*wall));
}

std::string collective_section(const Cell& cell) {
  Table table = {{"collective", Align::kLeft},
                 {"up to", Align::kLeft},
                 {"calls"},
                 {"MB"},
                 {"sent (MB)"},
                 {"waiting (ms)"},
                 {"transfer (ms)"},
                 {"algorithm GB/s"},
                 {"bus GB/s"}};
  const auto ranks = static_cast<double>(rank_values(cell, "collective_wait").size());
  for (const std::string& name : names_after(cell, "collective.")) {
    if (!name.ends_with(".calls")) continue;
    const std::string key = name.substr(0, name.size() - std::string(".calls").size());
    const auto of = [&](const char* what) {
      return cell.median("collective." + key + "." + what).value_or(0) / ranks;
    };
    const std::size_t dot = key.find('.');
    const double ns = of("transfer");
    const auto rate = [&](double bytes) {
      return format_number(ns > 0 && bytes > 0 ? std::optional(bytes / ns) : std::nullopt);
    };
    add_row(table,
            {key.substr(0, dot), key.substr(dot + 1), format_number(of("calls")),
             format_number(of("bytes") / 1e6), format_number(of("wire_bytes") / 1e6),
             milliseconds(of("wait")), milliseconds(ns), rate(of("bytes")), rate(of("bus_bytes"))});
  }
  if (table.front().cells.empty()) return "";
  return fmt::format(
      "#### Collectives\n\n{}\nA step, means over ranks. Sizes and bandwidths as nccl-tests define "
      "them; sent: what leaves a rank. A gather that ran behind other work has little transfer "
      "left "
      "to wait for, so that its bandwidth is what the step saw, not what the machine carried.\n\n",
      to_markdown(table));
}

std::string memory_section(const Cell& cell) {
  const auto value = [&](const std::string& phase, const char* kind, std::size_t rank) {
    const auto ranks = rank_values(cell, "mem_in_phase." + phase + "." + kind);
    return rank < ranks.size() ? ranks[rank] : 0.0;
  };
  const auto peaks = rank_values(cell, "mem_peak");
  if (peaks.empty()) return "";
  const std::size_t rank = place_of_largest(peaks);
  Table table = {{"phase", Align::kLeft}, {"all (MB)"}};
  for (const char* kind : kMemoryKinds) table.push_back({kind});
  std::string peak_phase;
  double peak = 0;
  for (const std::string phase : kStepPhases) {
    std::vector<double> parts;
    for (const char* kind : kMemoryKinds) parts.push_back(value(phase, kind, rank) / 1e6);
    if (sum(parts) == 0) continue;
    if (sum(parts) > peak) peak = sum(parts), peak_phase = phase;
    std::vector<std::string> row = {phase, format_number(sum(parts))};
    for (const double part : parts) row.push_back(part == 0 ? kNone : format_number(part));
    add_row(table, row);
  }
  if (peak == 0) return "";
  return fmt::format(
      "#### Memory\n\n{}\nWhat was alive at each phase's largest moment in the last step of the "
      "memory pass, rank {} (which needs most). The peak, {} MB, came in {}.\n\n",
      to_markdown(table), rank, format_number(peak), peak_phase);
}

std::string cell_section(const Cell& cell, const ScenarioCells& scenario,
                         const ProfileOptions& options) {
  return fmt::format("### Profile: {}\n\n", name_in(scenario, cell)) + overhead_line(cell) +
         phase_section(cell) + rank_section(cell) + operation_section(cell, options.top) +
         gpu_section(cell, options.top) + collective_section(cell) + memory_section(cell);
}

}  // namespace

std::string write_profile(const std::vector<record::CellRecord>& records,
                          const ProfileOptions& options) {
  std::string text;
  for (const ScenarioCells& scenario : group_cells(records)) {
    if (std::ranges::none_of(scenario.cells, is_profiled)) continue;
    text += fmt::format("## {}\n\n", scenario.name);
    text += hotspots_section(scenario, options.top) + gpu_hotspots_section(scenario, options.top) +
            movement_section(scenario);
    for (const Cell& cell : scenario.cells) {
      if (is_profiled(cell)) text += cell_section(cell, scenario, options);
    }
  }
  if (text.empty()) {
    throw Error(
        "no ok record with a profile; run 'moebench profile', or set 'profile' in the scenario");
  }
  return text;
}

}  // namespace moebench::reports
