#include "reports/write/common_means.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/metric_catalogue.h"
#include "reports/write/axis_values.h"
#include "reports/write/columns.h"
#include "reports/write/engines.h"

namespace moebench::reports {
namespace {

using CellsOfFolders = std::map<std::string, const Cell*>;  // null where a folder has several

std::vector<CellsOfFolders> common_cells(const ScenarioCells& scenario, std::size_t num_folders) {
  std::map<AxisValues, CellsOfFolders> by_axes;
  for (const Cell& cell : scenario.cells) {
    AxisValues axes = cell.first().axes;
    std::erase_if(axes, [](const auto& axis) { return axis.first == kResultsAxis; });
    std::ranges::sort(axes);
    const auto [place, is_new] =
        by_axes[std::move(axes)].try_emplace(cell.axis(kResultsAxis), &cell);
    if (!is_new) place->second = nullptr;
  }
  std::vector<CellsOfFolders> common;
  for (auto& [axes, cells] : by_axes) {
    const bool is_common =
        cells.size() == num_folders && std::ranges::all_of(cells, [](const auto& entry) {
          return entry.second != nullptr && entry.second->ok();
        });
    if (is_common) common.push_back(std::move(cells));
  }
  return common;
}

// nullopt where one of the cells has no number above 0.
std::optional<double> geometric_mean(const std::vector<CellsOfFolders>& cells,
                                     const std::string& folder, const char* metric) {
  double sum = 0;
  for (const CellsOfFolders& of_folders : cells) {
    const double value = of_folders.at(folder)->value(metric).value_or(0);
    if (!(value > 0)) return std::nullopt;
    sum += std::log(value);
  }
  return cells.empty() ? std::nullopt
                       : std::optional(std::exp(sum / static_cast<double>(cells.size())));
}

}  // namespace

Table common_means_table(const ScenarioCells& scenario) {
  const std::vector<std::string> folders = sorted_values(scenario.cells, kResultsAxis);
  if (folders.size() < 2) return {};
  const std::vector<CellsOfFolders> cells = common_cells(scenario, folders.size());
  if (cells.empty()) return {};
  Table table = {key_column(kResultsAxis), number_column("cells in common", kCount)};
  for (const std::string& folder : folders) {
    table[0].add(folder);
    table[1].add(static_cast<double>(cells.size()));
  }
  for (const char* metric : headline_metrics(scenario)) {
    const std::string title(record::metric_info(metric).title);
    Column means = number_column(title, metric_column(scenario.cells, metric).style);
    Column ratios = number_column(title + " / first", kFactor);
    const auto first = geometric_mean(cells, folders.front(), metric);
    for (const std::string& folder : folders) {
      const auto mean = geometric_mean(cells, folder, metric);
      means.add(mean);
      ratios.add(mean && first ? std::optional(*mean / *first) : std::nullopt);
    }
    if (!means.is_measured()) continue;
    table.push_back(std::move(means));
    table.push_back(std::move(ratios));
  }
  return table;
}

}  // namespace moebench::reports
