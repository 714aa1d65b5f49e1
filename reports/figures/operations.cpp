#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"
#include "reports/write/profile_values.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

constexpr std::size_t kMostOperations = 60;  // drawn by themselves

}  // namespace

Figures operation_figures(const Subject& subject) {
  Figures figures;
  for (const Cell& cell : subject.scenario.ok_cells()) {
    const std::vector<OperationRow> rows = operation_rows(cell);
    const auto wall = operations_wall_ns(cell);
    if (rows.empty() || !wall) continue;
    Table numbers = {key_column("phase"), key_column("operation"), number_column("calls", kCount),
                     number_column("own time", kMilliseconds), number_column("share", kShare)};
    std::map<std::string, Json> parts;
    std::map<std::string, double> sums, rest;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const OperationRow& row = rows[i];
      if (row.own_ns <= 0) continue;
      sums[row.phase] += row.own_ns;
      if (i >= kMostOperations) {
        rest[row.phase] += row.own_ns;
        continue;
      }
      const std::string name = row.function.empty() ? "outside operations" : row.function;
      Json& children = parts.try_emplace(row.phase, Json::array()).first->second;
      children.push_back({{"name", name}, {"value", printed(row.own_ns, kMilliseconds)}});
      add_row(numbers, {row.phase, name, row.calls, row.own_ns, row.own_ns / *wall});
    }
    Json children = Json::array();
    for (const auto& [phase, ns] : sums) {
      Json& of_phase = parts.try_emplace(phase, Json::array()).first->second;
      if (rest[phase] > 0) {
        of_phase.push_back({{"name", "the rest"}, {"value", printed(rest[phase], kMilliseconds)}});
      }
      children.push_back({{"name", phase},
                          {"value", printed(ns, kMilliseconds)},
                          {"children", std::move(of_phase)}});
    }
    if (children.empty()) continue;
    const std::string label = label_of(subject.scenario, cell);
    const Json data = {{"value", to_json({"own time", kMilliseconds})},
                       {"children", std::move(children)}};
    figures.push_back(make_figure("operations-" + name_part(label),
                                  label + ": operations by phase, own time in all profiled steps",
                                  "tree", data, std::move(numbers)));
  }
  return figures;
}

}  // namespace moebench::reports
