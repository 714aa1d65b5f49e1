#include <algorithm>

#include "reports/write/agreement.h"
#include "reports/write/columns.h"
#include "reports/write/improvements.h"
#include "reports/write/write.h"

namespace moebench::reports {
namespace {

// "fsdp", "ep2", "hsdp4".
std::string parallelism_of(const Cell& cell) {
  const std::string parallelism = cell.axis("parallelism");
  const char* degree = parallelism == "ep" ? "ep_degree" : "shard_degree";
  return parallelism == "fsdp" ? parallelism : parallelism + cell.axis(degree);
}

// "none" for FSDP with the expert loop, else "fsdp-grouped", "ep2-loop", ...; axes that
// fms-acceleration's table does not have follow where they vary.
std::string type_of(const Cell& cell, const std::vector<std::string>& other_axes) {
  const std::string kernel = cell.axis("expert_kernel");
  std::string type = parallelism_of(cell);
  type = type == "fsdp" && kernel == "loop" ? "none" : type + "-" + kernel;
  for (const auto& axis : other_axes) type += " " + axis + "=" + cell.axis(axis);
  return type;
}

Column type_column(const ScenarioCells& scenario) {
  std::vector<std::string> others = scenario.varying_axes;
  std::erase_if(others, [](const auto& axis) {
    return axis == "model" || axis == "ranks" || axis == "parallelism" || axis == "expert_kernel" ||
           is_degree(axis);
  });
  return entry_column(scenario.cells, key_column("TYPE"),
                      [&](const Cell& cell) { return type_of(cell, others); });
}

Column renamed(Column column, const std::string& title) {
  column.title = title;
  return column;
}

// The disposition takes the place of a failed cell's first number.
Column memory_column(const std::vector<Cell>& cells) {
  Column column = bytes_column(cells, "mem_peak", "mem_peak");
  for (std::size_t row = 0; row < cells.size(); ++row) {
    const auto* failure = cells[row].failure();
    if (!failure) continue;
    column.entries[row] = {failure->disposition, disposition_word(failure->disposition)};
  }
  return column;
}

Table fms_table(const ScenarioCells& scenario, const Reference& reference) {
  const auto& cells = scenario.cells;
  return {
      renamed(axis_column(cells, "model"), "Model"),
      renamed(axis_column(cells, "ranks"), "Gpus"),
      type_column(scenario),
      memory_column(cells),
      bytes_column(cells, "mem_alloc", "mem_alloc"),
      seconds_column(cells, "train_runtime", "runtime"),
      value_column(cells, "tokens/s", typical_of("tokens_per_second"), kTokensPerSecond),
      improvement_column(scenario, reference, "mem improvement", change_in("mem_peak")),
      improvement_column(scenario, reference, "runtime improvement", times_less("runtime")),
  };
}

}  // namespace

Document fms_table_document(std::vector<record::CellRecord> recorded,
                            const AxisValues& reference_axes) {
  const auto records = check_agreement(std::move(recorded));
  const auto scenarios = group_cells(records);
  check_baseline(scenarios, reference_axes);
  Document document;
  for (const auto& scenario : scenarios) {
    add_section(document, {2, scenario.name},
                fms_table(scenario, Reference(scenario, reference_axes)));
  }
  return document;
}

}  // namespace moebench::reports
