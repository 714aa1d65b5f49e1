#include "reports/write/profile.h"

#include <fmt/core.h>

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

namespace moebench::reports {
namespace {

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::string milliseconds(std::optional<double> ns) {
  return format_number(ns ? std::optional(*ns / kNsPerMillisecond) : std::nullopt);
}

// This is the style of pstats, whose titles have no unit.
constexpr NumberStyle kTime = without_printed_unit(kSeconds);

std::size_t place_of_largest(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::ranges::max_element(values) - values.begin());
}

// "phases +0.3 %, ops +12.1 %".
std::string overhead_text(const Cell& cell) {
  std::string line;
  const auto plain = cell.value("profile_plain_step_time");
  for (const std::string level : {"phases", "ops", "gpu", "trace"}) {
    const auto step = cell.value("profile_" + level + "_step_time");
    if (!plain || !step || *plain == 0) continue;
    line +=
        fmt::format("{}{} {}", line.empty() ? "" : ", ", level, format_change(*step / *plain - 1));
  }
  double marks = 0;
  for (const std::string phase : kStepPhases) {
    marks += cell.value("op_calls." + phase + ".").value_or(0);
  }
  const auto ranks = static_cast<double>(rank_values(cell, "profile_plain_step_time").size());
  const std::string count =
      marks > 0 ? fmt::format(" It enters {:.0f} phases.", marks / ranks) : std::string();
  return fmt::format(
      "A step without profiling takes {} ms; profiling costs, over it: {} (medians of the slowest "
      "rank's steps, in turns).{}",
      milliseconds(plain), line, count);
}

void add_phases(Document& document, const Cell& cell) {
  constexpr NumberStyle kTitled = without_printed_unit(kMilliseconds);
  Table table = {key_column("phase"),
                 number_column("ms", kTitled, "time"),
                 number_column("share", kShare),
                 number_column("waiting", kMilliseconds),
                 number_column("slowest rank", kCount),
                 number_column("its ms", kTitled, "time of the slowest rank")};
  const auto steps = rank_values(cell, "profile_phases_step_time");
  const double step = steps.empty() ? 0 : sum(steps) / static_cast<double>(steps.size());
  double total = 0;
  for (const std::string phase : kStepPhases) {
    const auto ns = cell.value("profile_phase." + phase);
    if (!ns || *ns == 0) continue;
    total += *ns;
    const auto ranks = rank_values(cell, "profile_phase." + phase);
    const std::size_t slowest = place_of_largest(ranks);
    add_row(table, {phase, ns, *ns / step, cell.value("profile_wait." + phase),
                    static_cast<double>(slowest), ranks[slowest]});
  }
  const std::size_t slowest = place_of_largest(steps);
  add_row(table, {"all", total, total / step, cell.value("collective_wait"),
                  static_cast<double>(slowest), steps[slowest]});
  add_section(document, {4, "Phases"}, std::move(table));
  add_paragraph(document,
                fmt::format("A step ({} ms), means over {} steps and all ranks. waiting: for a "
                            "rank that was not ready for "
                            "a collective.",
                            milliseconds(step), format_count(cell.value("profiled_steps"))));
}

void add_ranks(Document& document, const Cell& cell) {
  const auto skew = rank_values(cell, "collective_skew");
  const auto wait = rank_values(cell, "collective_wait");
  const auto transfer = rank_values(cell, "collective_transfer");
  const auto step = rank_values(cell, "profile_phases_step_time");
  if (skew.size() < 2 || sum(transfer) + sum(wait) == 0) return;
  Table table = {number_column("rank", kCount), number_column("step", kMilliseconds),
                 number_column("waiting", kMilliseconds), number_column("transfer", kMilliseconds),
                 number_column("skew", kMilliseconds)};
  table.front().is_key = true;
  for (std::size_t rank = 0; rank < skew.size(); ++rank) {
    add_row(table, {static_cast<double>(rank), step[rank], wait[rank], transfer[rank], skew[rank]});
  }
  const std::size_t straggler = place_of_largest(skew);
  add_section(document, {4, "Ranks"}, std::move(table));
  add_paragraph(document,
                fmt::format("Time blocked in collectives: waiting until the last rank is ready, "
                            "then the transfer. skew: "
                            "how long the others, all together, waited for this rank. Most of it "
                            "is rank {}'s: {} of {} "
                            "ms a step.",
                            straggler, milliseconds(skew[straggler]), milliseconds(sum(skew))));
}

std::string calls_text(const OperationRow& row) {
  const std::string calls = format_count(row.calls);
  return row.calls == row.primitive_calls ? calls : calls + "/" + format_count(row.primitive_calls);
}

void add_operations(Document& document, const Cell& cell, std::size_t top) {
  const auto rows = operation_rows(cell);
  const auto wall = operations_wall_ns(cell);
  if (rows.empty() || !wall) return;
  Table table = {number_column("ncalls", kCount),
                 number_column("tottime", kTime),
                 number_column("percall", kTime, "tottime percall"),
                 number_column("cumtime", kTime),
                 number_column("percall", kTime, "cumtime percall"),
                 key_column("name"),
                 key_column("phase"),
                 number_column("max rank", kCount),
                 number_column("its tottime", kTime, "tottime of max rank")};
  double own = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const OperationRow& row = rows[i];
    own += row.own_ns;
    if (i >= top) continue;
    const double calls = std::max(1.0, row.calls), primitive = std::max(1.0, row.primitive_calls);
    add_row(table, {Entry(row.calls, calls_text(row)), row.own_ns, row.own_ns / calls,
                    row.cumulative_ns, row.cumulative_ns / primitive,
                    row.function.empty() ? "(outside operations)" : row.function, row.phase,
                    static_cast<double>(row.slowest_rank), row.slowest_rank_own_ns});
  }
  add_section(document, {4, "Operations"}, std::move(table));
  add_paragraph(document, fmt::format("Seconds in {} steps, all ranks together. All {} rows' "
                                      "tottime: {} s of the {} s that the "
                                      "steps took.",
                                      format_count(cell.value("profiled_steps")), rows.size(),
                                      format_number(own / kNsPerSecond),
                                      format_number(*wall / kNsPerSecond)));
}

void add_collectives(Document& document, const Cell& cell) {
  Table table = {key_column("collective"),
                 key_column("up to"),
                 number_column("calls"),
                 number_column("MB", without_printed_unit(kMegabytes), "size"),
                 number_column("sent", kMegabytes),
                 number_column("waiting", kMilliseconds),
                 number_column("transfer", kMilliseconds),
                 number_column("algorithm GB/s", kBareGigabytesPerSecond, "algorithm rate"),
                 number_column("bus GB/s", kBareGigabytesPerSecond, "bus rate")};
  for (const CollectiveRow& row : collective_rows(cell)) {
    const auto rate = [&](double bytes) {
      return row.transfer_ns > 0 && bytes > 0
                 ? std::optional(bytes / row.transfer_ns * kNsPerSecond)
                 : std::nullopt;
    };
    add_row(table, {row.kind, row.size, row.calls, row.bytes, row.wire_bytes, row.wait_ns,
                    row.transfer_ns, rate(row.bytes), rate(row.bus_bytes)});
  }
  if (num_rows(table) == 0) return;
  add_section(document, {4, "Collectives"}, std::move(table));
  add_paragraph(
      document,
      "A step, means over ranks. Sizes and bandwidths as nccl-tests define them; sent: what leaves "
      "a "
      "rank. A gather that ran behind other work has little transfer left to wait for, so that its "
      "bandwidth is what the step saw, not what the machine carried.");
}

void add_memory(Document& document, const Cell& cell) {
  const auto value = [&](const std::string& phase, const char* kind, std::size_t rank) {
    const auto ranks = rank_values(cell, "mem_in_phase." + phase + "." + kind);
    return rank < ranks.size() ? ranks[rank] : 0.0;
  };
  const auto peaks = rank_values(cell, "mem_peak");
  if (peaks.empty()) return;
  const std::size_t rank = place_of_largest(peaks);
  Table table = {key_column("phase"), number_column("all", kMegabytes)};
  for (const char* kind : kMemoryKinds) {
    table.push_back(number_column(kind, without_printed_unit(kMegabytes)));
  }
  std::string peak_phase;
  double peak = 0;
  for (const std::string phase : kStepPhases) {
    std::vector<double> parts;
    for (const char* kind : kMemoryKinds) parts.push_back(value(phase, kind, rank));
    if (sum(parts) == 0) continue;
    if (sum(parts) > peak) peak = sum(parts), peak_phase = phase;
    std::vector<Entry> row = {phase, sum(parts)};
    for (const double part : parts) row.push_back(part == 0 ? Entry() : Entry(part));
    add_row(table, std::move(row));
  }
  if (peak == 0) return;
  add_section(document, {4, "Memory"}, std::move(table));
  add_paragraph(document, fmt::format("What was alive at each phase's largest moment in the last "
                                      "step of the memory pass, rank {} "
                                      "(which needs most). The peak, {} MB, came in {}.",
                                      rank, format_number(peak / 1e6), peak_phase));
}

void add_cell(Document& document, const Cell& cell, const ScenarioCells& scenario,
              const ProfileOptions& options) {
  add_heading(document, 3, "Profile: " + name_in(scenario, cell));
  add_paragraph(document, overhead_text(cell));
  add_phases(document, cell);
  add_ranks(document, cell);
  add_operations(document, cell, options.top);
  add_gpu(document, cell, options.top);
  add_collectives(document, cell);
  add_memory(document, cell);
}

}  // namespace

Document profile_document(const std::vector<record::CellRecord>& records,
                          const ProfileOptions& options) {
  Document document;
  for (const ScenarioCells& scenario : group_cells(records)) {
    if (std::ranges::none_of(scenario.cells, is_profiled)) continue;
    add_heading(document, 2, scenario.name);
    add_hotspots(document, scenario, options.top);
    add_gpu_hotspots(document, scenario, options.top);
    add_movement(document, scenario);
    for (const Cell& cell : scenario.cells) {
      if (is_profiled(cell)) add_cell(document, cell, scenario, options);
    }
  }
  if (document.empty()) {
    throw Error(
        "no ok record with a profile; run 'moebench profile', or set 'profile' in the scenario");
  }
  return document;
}

}  // namespace moebench::reports
