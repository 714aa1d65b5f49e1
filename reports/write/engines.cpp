#include "reports/write/engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/config/engine.h"
#include "reports/write/columns.h"

namespace moebench::reports {
namespace {

bool is_other(const Cell& cell) { return cell.axis("engine") != config::kBuiltinEngine; }

// A clause of each fact that the record states.
std::vector<std::string> clauses(const record::CellRecord& record) {
  std::vector<std::string> found;
  const auto add = [&](const char* name, const char* format) {
    const std::string value = record::fact(record.environment, name);
    if (!value.empty()) found.push_back(fmt::format(fmt::runtime(format), value));
  };
  add("engine_version", "{}");
  add("adapter", "its log read by adapter {}");
  add("trainer_tokens_scope", "its tokens are of scope {}");
  add("trainer_tokens_window", "its own tokens/s of window {}");
  add("trainer_time_window", "its times of window {}");
  add("trainer_padding", "padding {}");
  add("trainer_memory_kind", "memory {}");
  add("trainer_memory_rank", "of {}");
  add("trainer_loss_scope", "loss: mean over {}");
  add("trainer_flops_basis", "FLOPs: {}");
  add("process_sampling", "processes: {}");
  return found;
}

}  // namespace

bool has_other_engines(const ScenarioCells& scenario) {
  return std::ranges::any_of(scenario.cells, is_other);
}

std::vector<const char*> headline_metrics(const ScenarioCells& scenario) {
  if (!std::ranges::all_of(scenario.cells, is_other)) {
    return {"mem_peak", "mem_alloc", "runtime", "tokens_per_second"};
  }
  const std::vector<Cell> cells = scenario.ok_cells();
  const auto has = [](const char* metric) {
    return [metric](const Cell& cell) { return cell.value(metric).has_value(); };
  };
  std::vector<const char*> metrics;
  if (std::ranges::all_of(cells, has("process_pss_sum"))) {
    metrics = {"process_pss_sum"};
  } else if (std::ranges::any_of(cells, has("process_rss_sum"))) {
    metrics = {"process_rss_sum"};
  }
  metrics.push_back("runtime");
  const bool only_own = std::ranges::none_of(cells, has("tokens_per_second")) &&
                        std::ranges::any_of(cells, has("trainer_tokens_per_second"));
  metrics.push_back(only_own ? "trainer_tokens_per_second" : "tokens_per_second");
  return metrics;
}

Table process_table(const ScenarioCells& scenario) {
  if (!has_other_engines(scenario)) return {};
  const std::vector<Cell> cells = scenario.ok_cells();
  return measured_table(
      scenario, cells,
      metric_columns(cells,
                     {"process_wall_time", "process_cpu_time", "process_pss_sum", "process_rss_sum",
                      "process_rss_peak", "process_gpu_memory", "process_gpu_energy",
                      "process_package_energy", "trainer_memory", "trainer_tokens_per_second"}));
}

std::vector<std::string> engine_lines(const ScenarioCells& scenario) {
  std::vector<std::string> lines;
  std::map<std::string, bool> seen;
  for (const Cell& cell : scenario.cells) {
    const std::string engine = cell.axis("engine");
    if (!is_other(cell) || std::exchange(seen[engine], true)) continue;
    lines.push_back(fmt::format("engine {}: {}", engine, fmt::join(clauses(cell.typical()), "; ")));
  }
  // Of runs that were made elsewhere nobody saw the processes.
  const bool saw_processes = std::ranges::any_of(scenario.cells, [](const Cell& cell) {
    return is_other(cell) && cell.value("process_wall_time").has_value();
  });
  if (saw_processes) {
    lines.push_back(
        "processes: as the driver saw them from outside, launchers and helpers included. wall: "
        "from start to the end of the last one. memory (PSS): what they share counted once.");
  }
  return lines;
}

}  // namespace moebench::reports
