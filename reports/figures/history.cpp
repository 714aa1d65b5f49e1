#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "reports/figures/figures.h"
#include "reports/figures/subject.h"

namespace moebench::reports {
namespace {

std::string commit_of(const Cell& cell) {
  return record::fact(cell.first().environment, "git_sha");
}

Figures history_of(const std::vector<gate::Generation>& generations, const std::string& metric,
                   const Scale& scale) {
  Table numbers = {key_column("cell"),
                   number_column("generation", kCount),
                   words_column("git"),
                   words_column("measured"),
                   number_column(scale.title, scale.style, metric),
                   number_column("least", scale.style),
                   number_column("most", scale.style)};
  std::map<std::string, Json> points;
  std::vector<std::string> names;
  for (const gate::Generation& generation : generations) {
    if (generation.records.empty()) continue;
    for (const ScenarioCells& scenario : group_cells(generation.records)) {
      for (const Cell& cell : scenario.cells) {
        const auto value = value_of_ok(cell, metric);
        if (!value) continue;
        const std::string label = label_of(scenario, cell);
        if (!points.contains(label)) names.push_back(label);
        const auto spread = cell.spread(metric).value_or(std::pair(0.0, 0.0));
        const double least = *value * (1 + spread.first), most = *value * (1 + spread.second);
        points.try_emplace(label, Json::array())
            .first->second.push_back({generation.number, printed(value, scale.style),
                                      printed(least, scale.style), printed(most, scale.style),
                                      commit_of(cell) + " " + cell.first().started_at});
        add_row(numbers, {label, static_cast<double>(generation.number), commit_of(cell),
                          cell.first().started_at, value, least, most});
      }
    }
  }
  if (names.empty()) return {};
  Json series = Json::array();
  for (const std::string& name : names) {
    series.push_back({{"name", name}, {"line", true}, {"points", std::move(points[name])}});
  }
  const Json data = {{"x", {{"title", "generation"}, {"unit", ""}, {"whole", true}}},
                     {"y", to_json(scale)},
                     {"series", std::move(series)}};
  return {make_figure("history_" + metric,
                      scale.title + " over the generations; bars: smallest and largest run", "xy",
                      data, std::move(numbers))};
}

}  // namespace

std::vector<Figure> history_figures(const std::vector<gate::Generation>& generations) {
  std::vector<std::optional<double>> peaks;
  for (const gate::Generation& generation : generations) {
    for (const auto& record : generation.records) peaks.push_back(record.value("mem_peak"));
  }
  Figures figures;
  for (const auto& [metric, scale] :
       {std::pair<std::string, Scale>("step_time", {"step time", kMilliseconds}),
        std::pair<std::string, Scale>("load_time", {"load time", kSeconds}),
        std::pair<std::string, Scale>("mem_peak", {"mem_peak", bytes_style(peaks)})}) {
    for (Figure& figure : history_of(generations, metric, scale)) figures.push_back(figure);
  }
  return figures;
}

}  // namespace moebench::reports
