#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"

namespace moebench::reports {
namespace {

Figure samples_figure(const Subject& subject, const char* metric, const char* title) {
  Table numbers = {key_column("step")};
  Json series = Json::array();
  std::size_t steps = 0;
  const std::vector<Cell> cells = subject.scenario.ok_cells();
  for (const Cell& cell : cells) {
    const record::Metric* found = metric_of(cell.typical(), metric);
    if (found != nullptr) steps = std::max(steps, found->samples.size());
  }
  for (std::size_t step = 0; step < steps; ++step) {
    numbers.front().add(std::to_string(step + 1));
  }
  for (const Cell& cell : cells) {
    const record::Metric* found = metric_of(cell.typical(), metric);
    if (found == nullptr || found->samples.empty()) continue;
    Column column = number_column(label_of(subject.scenario, cell));
    Json points = Json::array();
    for (std::size_t step = 0; step < steps; ++step) {
      const bool has_step = step < found->samples.size() && std::isfinite(found->samples[step]);
      column.add(has_step ? Entry(found->samples[step]) : Entry());
      if (has_step) points.push_back({static_cast<double>(step + 1), found->samples[step]});
    }
    series.push_back(
        {{"name", column.title}, {"line", true}, {"size", 5}, {"points", std::move(points)}});
    numbers.push_back(std::move(column));
  }
  const Json data = {{"x", {{"title", "measured step"}, {"unit", ""}, {"whole", true}}},
                     {"y", {{"title", title}, {"unit", ""}}},
                     {"series", std::move(series)}};
  return make_figure(metric, fmt::format("{} of every cell", title), "xy", data,
                     std::move(numbers));
}

// What a cell's losses are compared with: its reference where that does the same work, else the
// first cell that does.
const Cell* partner_of(const std::vector<Cell>& cells, const Cell& cell, const Cell* reference) {
  const auto serves = [&](const Cell& other) {
    return other.ok() && other.first().workload == cell.first().workload &&
           metric_of(other.typical(), "loss") != nullptr;
  };
  if (reference != nullptr && serves(*reference)) return reference;
  const auto first = std::ranges::find_if(cells, serves);
  return first == cells.end() ? nullptr : &*first;
}

Figures difference_figure(const Subject& subject) {
  Table numbers = {key_column("cell"), words_column("against"), number_column("step", kCount),
                   number_column("difference")};
  Json series = Json::array();
  bool any_differs = false;
  const auto& cells = subject.scenario.cells;
  const auto& references = subject.references;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].ok()) continue;
    const record::Metric* loss = metric_of(cells[i].typical(), "loss");
    const Cell* partner = partner_of(cells, cells[i], references[i]);
    if (loss == nullptr || partner == nullptr || partner == &cells[i]) continue;
    const record::Metric& other = *metric_of(partner->typical(), "loss");
    const std::string label = label_of(subject.scenario, cells[i]);
    Json points = Json::array();
    for (std::size_t step = 0; step < std::min(loss->samples.size(), other.samples.size());
         ++step) {
      const double difference = std::abs(loss->samples[step] - other.samples[step]);
      if (!std::isfinite(difference)) continue;
      any_differs |= difference > 0;
      points.push_back({static_cast<double>(step + 1), difference});
      add_row(numbers, {label, label_of(subject.scenario, *partner), static_cast<double>(step + 1),
                        difference});
    }
    if (points.empty()) continue;
    series.push_back({{"name", label}, {"line", true}, {"size", 5}, {"points", std::move(points)}});
  }
  if (series.empty()) return {};
  Json y = {{"title", "difference of loss"}, {"unit", ""}, {"log", any_differs}};
  const Json data = {{"x", {{"title", "measured step"}, {"unit", ""}, {"whole", true}}},
                     {"y", std::move(y)},
                     {"series", std::move(series)}};
  return {make_figure("loss_difference",
                      any_differs ? "Difference of loss from the cell that does the same work"
                                  : "Difference of loss: none in any step",
                      "xy", data, std::move(numbers))};
}

}  // namespace

Figures loss_figures(const Subject& subject) {
  Figures figures;
  const auto has = [&](const char* metric) {
    return std::ranges::any_of(subject.scenario.cells, [&](const Cell& cell) {
      const record::Metric* found = cell.ok() ? metric_of(cell.typical(), metric) : nullptr;
      return found != nullptr && !found->samples.empty();
    });
  };
  if (has("loss")) {
    figures.push_back(samples_figure(subject, "loss", "loss"));
    for (Figure& figure : difference_figure(subject)) figures.push_back(std::move(figure));
  }
  if (has("grad_norm")) figures.push_back(samples_figure(subject, "grad_norm", "gradient norm"));
  return figures;
}

}  // namespace moebench::reports
