#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/record/metric_catalogue.h"
#include "reports/figures/groups.h"

namespace moebench::reports {

Figures loading_figures(const Subject& subject) {
  const std::vector<Cell> cells = subject.scenario.ok_cells();
  Table numbers = {key_column("cell"), number_column("load", kSeconds, "load_time")};
  Json labels = Json::array(), loads = Json::array(), series = Json::array();
  for (const Cell& cell : cells) {
    labels.push_back(label_of(subject.scenario, cell));
    numbers[0].add(label_of(subject.scenario, cell));
    numbers[1].add(cell.value("load_time"));
    loads.push_back(printed(cell.value("load_time"), kSeconds));
  }
  for (const record::MetricInfo& info : record::metric_catalogue()) {
    constexpr std::string_view kStage = "load_stage.";
    if (!info.name.starts_with(kStage)) continue;
    const std::string metric(info.name);
    Column column = number_column(metric.substr(kStage.size()), kSeconds, metric);
    Json values = Json::array();
    double sum = 0;
    for (const Cell& cell : cells) {
      const auto ns = cell.value(metric);
      column.add(ns);
      values.push_back(printed(ns, kSeconds));
      sum += ns.value_or(0);
    }
    if (sum == 0) continue;
    series.push_back({{"name", column.title}, {"stack", "load"}, {"values", std::move(values)}});
    numbers.push_back(std::move(column));
  }
  if (series.empty()) return {};
  Json marks = Json::array();
  marks.push_back({{"name", "timed load"}, {"values", std::move(loads)}});
  const Json data = {{"value", to_json({"time", kSeconds})},
                     {"labels", std::move(labels)},
                     {"series", std::move(series)},
                     {"marks", std::move(marks)}};
  return {make_figure("loading", "Where a load's time goes, mean over ranks and threads", "bars",
                      data, std::move(numbers))};
}

}  // namespace moebench::reports
