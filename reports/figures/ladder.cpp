#include "reports/write/ladder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"

namespace moebench::reports {
namespace {

Figures waterfall(const Subject& subject, const std::vector<Rung>& rungs, const std::string& metric,
                  const Scale& scale) {
  Table numbers = {key_column("rung"), number_column("before", scale.style),
                   number_column("after", scale.style), number_column("difference", scale.style)};
  Json steps = Json::array();
  const auto whole = [&](const Cell& cell) {
    steps.push_back({{"label", label_of(subject.scenario, cell)},
                     {"value", printed(cell.value(metric), scale.style)},
                     {"is_whole", true}});
  };
  for (const Rung& rung : rungs) {
    const auto before = value_of_ok(*rung.before, metric);
    const auto after = value_of_ok(*rung.after, metric);
    if (!before || !after) return {};  // a failed rung leaves no whole
    if (steps.empty()) whole(*rung.before);
    steps.push_back({{"label", rung.change}, {"value", printed(*after - *before, scale.style)}});
    add_row(numbers, {rung.change, before, after, *after - *before});
  }
  whole(*rungs.back().after);
  const Json data = {{"value", to_json(scale)}, {"steps", std::move(steps)}};
  return {make_figure("ladder_" + metric, "What each change gives: " + scale.title, "waterfall",
                      data, std::move(numbers))};
}

}  // namespace

Figures ladder_figures(const Subject& subject) {
  const std::vector<Rung> rungs = ladder_of(subject.scenario, subject.reference);
  if (rungs.empty()) return {};
  Figures figures = waterfall(subject, rungs, "runtime", {"runtime", kSeconds});
  const Scale memory = {"mem_peak", bytes_style_of(subject.scenario.cells, "mem_peak")};
  for (Figure& figure : waterfall(subject, rungs, "mem_peak", memory)) {
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace moebench::reports
