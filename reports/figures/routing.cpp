#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <sstream>

#include "harness/base/parse.h"
#include "reports/figures/groups.h"

namespace moebench::reports {
namespace {

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

// The layers with experts, which are what metrics of routing count.
std::vector<std::int64_t> sparse_layers(const record::CellRecord& record, std::size_t count) {
  std::set<std::int64_t> dense;
  std::istringstream layers(record::fact(record.environment, "dense_layers"));
  for (std::string layer; std::getline(layers, layer, ',');) {
    if (const auto number = parse_number<std::int64_t>(layer)) dense.insert(*number);
  }
  std::vector<std::int64_t> sparse;
  for (std::int64_t layer = 0; sparse.size() < count; ++layer) {
    if (!dense.contains(layer)) sparse.push_back(layer);
  }
  return sparse;
}

// Rows of a matrix metric, row-major; empty where the samples are none.
std::vector<std::vector<double>> matrix_of(const record::Metric& metric) {
  if (metric.shape.size() != 2 || metric.shape[0] <= 0 || metric.shape[1] <= 0) return {};
  const auto rows = static_cast<std::size_t>(metric.shape[0]);
  const auto columns = static_cast<std::size_t>(metric.shape[1]);
  if (metric.samples.size() != rows * columns) return {};
  std::vector<std::vector<double>> matrix;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = metric.samples.begin() + static_cast<std::ptrdiff_t>(row * columns);
    matrix.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(columns));
  }
  return matrix;
}

}  // namespace

Figures expert_figures(const Subject& subject) {
  Figures figures;
  for (const Cell& cell : subject.scenario.ok_cells()) {
    const record::Metric* metric = metric_of(cell.typical(), "tokens_per_expert");
    if (metric == nullptr) continue;
    const auto matrix = matrix_of(*metric);
    if (matrix.empty()) continue;
    Table numbers = {key_column("layer")};
    for (const std::string& expert : numbered(matrix[0].size())) {
      numbers.push_back(number_column("expert " + expert, {"rows", "rows", 1, format_count}));
    }
    const std::vector<std::int64_t> layers = sparse_layers(cell.typical(), matrix.size());
    Json values = Json::array(), layer_names = Json::array();
    for (std::size_t layer = 0; layer < matrix.size(); ++layer) {
      const auto& rows = matrix[layer];
      const double even =
          std::accumulate(rows.begin(), rows.end(), 0.0) / static_cast<double>(rows.size());
      Json line = Json::array();
      layer_names.push_back(std::to_string(layers[layer]));
      std::vector<Entry> entries = {std::to_string(layers[layer])};
      for (const double count : rows) {
        line.push_back(even > 0 ? Json(count / even) : Json(nullptr));
        entries.emplace_back(count);
      }
      values.push_back(std::move(line));
      add_row(numbers, std::move(entries));
    }
    const std::string label = label_of(subject.scenario, cell);
    const Json data = {{"x", {{"title", "expert"}, {"labels", numbered(matrix[0].size())}}},
                       {"y", {{"title", "layer"}, {"labels", std::move(layer_names)}}},
                       {"value", {{"title", "rows, 1 = even"}, {"unit", "x"}}},
                       {"values", std::move(values)}};
    figures.push_back(
        make_figure("experts-" + name_part(label),
                    label + ": rows of each expert, as a multiple of its layer's mean", "heat",
                    data, std::move(numbers)));
  }
  return figures;
}

Figures imbalance_figures(const Subject& subject) {
  const std::vector<Cell> cells = subject.scenario.ok_cells();
  Table numbers = {key_column("cell"), number_column("layer", kCount),
                   number_column("expert imbalance", kPlain, "expert_imbalance"),
                   number_column("rank imbalance", kPlain, "rank_imbalance")};
  Json series = Json::array();
  int colour = 0;
  for (const Cell& cell : cells) {
    const record::Metric* experts = metric_of(cell.typical(), "expert_imbalance");
    const record::Metric* ranks = metric_of(cell.typical(), "rank_imbalance");
    if (experts == nullptr || experts->samples.empty()) continue;
    const std::string label = label_of(subject.scenario, cell);
    const auto layers = sparse_layers(cell.typical(), experts->samples.size());
    Json of_experts = Json::array(), of_ranks = Json::array();
    for (std::size_t layer = 0; layer < experts->samples.size(); ++layer) {
      const auto place = static_cast<double>(layers[layer]);
      of_experts.push_back({place, experts->samples[layer]});
      const bool has_ranks = ranks != nullptr && layer < ranks->samples.size();
      if (has_ranks) of_ranks.push_back({place, ranks->samples[layer]});
      add_row(numbers, {label, place, experts->samples[layer],
                        has_ranks ? Entry(ranks->samples[layer]) : Entry()});
    }
    series.push_back({{"name", label + ", experts"},
                      {"colour", colour},
                      {"line", true},
                      {"dashed", true},
                      {"points", std::move(of_experts)}});
    if (!of_ranks.empty()) {
      series.push_back({{"name", label + ", ranks"},
                        {"colour", colour},
                        {"line", true},
                        {"points", std::move(of_ranks)}});
    }
    ++colour;
  }
  if (series.empty()) return {};
  const Json data = {{"x", {{"title", "layer"}, {"unit", ""}, {"whole", true}}},
                     {"y", {{"title", "busiest / mean"}, {"unit", "x"}}},
                     {"series", std::move(series)}};
  return {
      make_figure("imbalance",
                  "Imbalance by layer: rows of the busiest expert and of the busiest rank over the "
                  "mean",
                  "xy", data, std::move(numbers))};
}

}  // namespace moebench::reports
