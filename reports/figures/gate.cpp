#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/compare/log_ratios.h"
#include "reports/figures/figures.h"
#include "reports/figures/subject.h"
#include "reports/gate/names.h"
#include "reports/gate/pairs.h"

namespace moebench::reports {
namespace {

// Relative change in the direction that is worse, in percent.
double percent(double log_ratio) { return 100 * std::expm1(log_ratio); }

Figure pairs_figure(const gate::CellResult& cell, const gate::MetricTest& test,
                    const gate::CellPairs& pairs, const gate::Report& report) {
  Table numbers = {number_column("pair", kCount), number_column("change", {.printed_unit = "%"}),
                   words_column("ran first"), words_column("does not count")};
  numbers.front().is_key = true;
  Json counted = Json::array(), left_out = Json::array();
  for (const gate::Pair& pair : pairs.pairs) {
    if (!pair.ok()) continue;
    const auto ratio = compare::log_ratio(*pair.base, *pair.candidate, test.metric);
    if (!ratio) continue;
    const std::string first = pair.base->pair->order == 0 ? "base" : "candidate";
    const Json point = {pair.index, percent(*ratio), nullptr, nullptr,
                        pair.broken_rule.empty() ? first + " ran first" : pair.broken_rule};
    (pair.broken_rule.empty() ? counted : left_out).push_back(point);
    add_row(numbers, {static_cast<double>(pair.index), percent(*ratio), first, pair.broken_rule});
  }
  Json series = Json::array();
  series.push_back({{"name", "pair"}, {"points", std::move(counted)}});
  if (!left_out.empty()) {
    series.push_back({{"name", "pair that does not count"},
                      {"symbol", "hollow"},
                      {"points", std::move(left_out)}});
  }
  Json lines = Json::array(), bands = Json::array();
  lines.push_back({{"value", 0}, {"strong", true}, {"label", "no change"}});
  lines.push_back({{"value", 100 * report.mde}, {"label", "what a pass rules out"}});
  if (test.change) {
    lines.push_back({{"value", 100 * test.change->estimate}, {"label", "estimate"}});
    if (test.change->lower && test.change->upper) {
      bands.push_back({{"from", 100 * *test.change->lower},
                       {"to", 100 * *test.change->upper},
                       {"label", "interval of the estimate"}});
    }
  }
  const std::string name = gate::describe(cell, report);
  const Json data = {{"x", {{"title", "pair"}, {"unit", ""}, {"whole", true}}},
                     {"y", {{"title", "candidate worse by"}, {"unit", "%"}}},
                     {"series", std::move(series)},
                     {"lines", std::move(lines)},
                     {"bands", std::move(bands)}};
  return make_figure(
      fmt::format("pairs-{}-{}", test.metric, cell.id),
      fmt::format("{}: {} of every pair, {}", name, test.metric, to_string(test.verdict)), "xy",
      data, std::move(numbers));
}

}  // namespace

std::vector<Figure> gate_figures(const gate::Report& report,
                                 const std::vector<record::CellRecord>& records,
                                 const compare::DisturbanceRules& rules) {
  const auto pairs = gate::collect_pairs(records, rules);
  Figures figures;
  for (const gate::CellResult& cell : report.cells) {
    const auto of_cell = pairs.find(cell.id);
    if (of_cell == pairs.end()) continue;
    for (const gate::MetricTest& test : cell.tests) {
      if (test.is_time) figures.push_back(pairs_figure(cell, test, of_cell->second, report));
    }
  }
  return figures;
}

}  // namespace moebench::reports
