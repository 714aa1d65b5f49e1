#include "reports/write/gains.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"

namespace moebench::reports {
namespace {

const char* word_of(Standing standing) {
  switch (standing) {
    case Standing::kUnproven:
      return "unproven";
    case Standing::kUndecided:
      return "undecided";
    case Standing::kDecided:
      return "decided";
  }
  return "";
}

struct Measured {
  const char* metric;
  const char* title;
};
constexpr std::array kMetrics = {Measured{"tokens_per_second", "tokens/s gain"},
                                 Measured{"runtime", "runtime gain"},
                                 Measured{"load_time", "load gain"}};

Json row_of(const std::string& label, const Gain& gain) {
  Json row = {{"label", label},
              {"value", gain.factor},
              {"low", nullptr},
              {"high", nullptr},
              {"standing", word_of(gain.standing())},
              {"text", format_gain(gain)}};
  if (gain.interval) {
    row["low"] = gain.interval->first;
    row["high"] = gain.interval->second;
  }
  return row;
}

Figure gain_figure(const Subject& subject, const Measured& measured,
                   const std::vector<std::optional<Gain>>& gains) {
  Table numbers = {
      key_column("cell"),           number_column("gain", kFactor),  number_column("from", kFactor),
      number_column("to", kFactor), number_column("rounds", kCount), words_column("standing")};
  Json rows = Json::array();
  const std::vector<const Cell*>& references = subject.references;
  for (std::size_t i = 0; i < gains.size(); ++i) {
    const Cell& cell = subject.scenario.cells[i];
    const std::string label = label_of(subject.scenario, cell);
    if (references[i] == &cell && cell.ok()) {
      rows.push_back({{"label", label},
                      {"value", 1},
                      {"low", nullptr},
                      {"high", nullptr},
                      {"standing", "reference"},
                      {"text", "reference"}});
      add_row(numbers, {label, Entry(1.0, "reference"), {}, {}, {}, "reference"});
    }
    if (!gains[i]) continue;
    rows.push_back(row_of(label, *gains[i]));
    const auto end = [&](bool is_high) -> Entry {
      if (!gains[i]->interval) return {};
      return is_high ? gains[i]->interval->second : gains[i]->interval->first;
    };
    add_row(numbers, {label, Entry(gains[i]->factor, format_gain(*gains[i])), end(false), end(true),
                      static_cast<double>(gains[i]->rounds), word_of(gains[i]->standing())});
  }
  const Json data = {{"value", {{"title", measured.title}, {"unit", "x"}}},
                     {"rows", std::move(rows)}};
  return make_figure("gain",
                     fmt::format("{} over {}, with {:.0f} % intervals; hollow: not told from 1",
                                 measured.title, subject.reference.text(), kGainConfidence * 100),
                     "intervals", data, std::move(numbers));
}

}  // namespace

Figures gain_figures(const Subject& subject) {
  for (const Measured& measured : kMetrics) {
    const auto& gains = subject.gains(measured.metric).of_cells();
    if (std::ranges::any_of(gains, [](const auto& gain) { return gain.has_value(); })) {
      return {gain_figure(subject, measured, gains)};
    }
  }
  return {};
}

Figures tradeoff_figures(const Subject& subject) {
  const auto& cells = subject.scenario.cells;
  const auto has = [&](const char* metric) {
    return std::ranges::any_of(
        cells, [&](const Cell& cell) { return value_of_ok(cell, metric).has_value(); });
  };
  const char* memory = has("mem_peak") ? "mem_peak" : "process_rss_sum";
  const Scale x = {memory, bytes_style_of(cells, memory)};
  const Scale y = {"tokens/s", kTokensPerSecond};
  Table numbers = {key_column("cell"), number_column(memory, x.style),
                   number_column("tokens/s", y.style, "tokens_per_second")};
  Json points = Json::array();
  std::vector<int> places(cells.size(), -1);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto bytes = value_of_ok(cells[i], memory);
    const auto rate = value_of_ok(cells[i], "tokens_per_second");
    if (!bytes || !rate) continue;
    places[i] = static_cast<int>(points.size());
    const std::string label = label_of(subject.scenario, cells[i]);
    points.push_back(
        {{"label", label}, {"x", printed(bytes, x.style)}, {"y", printed(rate, y.style)}});
    add_row(numbers, {label, bytes, rate});
  }
  if (points.size() < 2) return {};
  const std::vector<const Cell*>& references = subject.references;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (places[i] < 0 || references[i] == nullptr || references[i] == &cells[i]) continue;
    const int from = places[static_cast<std::size_t>(references[i] - cells.data())];
    if (from >= 0) points[static_cast<std::size_t>(places[i])]["from"] = from;
  }
  const Json data = {{"x", to_json(x)}, {"y", to_json(y)}, {"points", std::move(points)}};
  return {make_figure("memory_speed", "Memory against tokens/s; arrows from what is compared with",
                      "arrows", data, std::move(numbers))};
}

}  // namespace moebench::reports
