#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/figures/groups.h"
#include "reports/figures/stacked_bars.h"
#include "reports/write/step_phases.h"

namespace moebench::reports {
namespace {

// What is smaller than this in every cell is drawn together.
constexpr double kSmallShare = 0.015;
constexpr std::size_t kMostColours = 11;

std::optional<double> phase_of(const Cell& cell, const std::string& phase) {
  return value_of_ok(cell, "phase_time_" + phase);
}

// Phases that any cell has, in the order of a step.
std::vector<std::string> phases_in(const std::vector<Cell>& cells) {
  std::vector<std::string> phases;
  // Other engines know no more than that a step has a forward and a backward part.
  for (const std::string phase : {"forward", "backward"}) {
    if (std::ranges::any_of(cells, [&](const Cell& c) { return phase_of(c, phase).has_value(); })) {
      phases.push_back(phase);
    }
  }
  for (const std::string phase : kStepPhases) {
    if (std::ranges::any_of(cells, [&](const Cell& c) { return phase_of(c, phase).has_value(); })) {
      phases.push_back(phase);
    }
  }
  return phases;
}

double step_of(const Cell& cell, const std::vector<std::string>& phases) {
  double sum = 0;
  for (const std::string& phase : phases) sum += phase_of(cell, phase).value_or(0);
  return sum;
}

// Those that are large enough to be seen, at most as many as there are colours.
std::vector<std::string> large_phases(const std::vector<Cell>& cells,
                                      const std::vector<std::string>& phases) {
  std::vector<std::pair<double, std::string>> shares;
  for (const std::string& phase : phases) {
    double share = 0;
    for (const Cell& cell : cells) {
      const double step = step_of(cell, phases);
      if (step > 0) share = std::max(share, phase_of(cell, phase).value_or(0) / step);
    }
    shares.emplace_back(share, phase);
  }
  std::ranges::sort(shares, std::greater());
  if (shares.size() > kMostColours) shares.resize(kMostColours);
  std::erase_if(shares, [](const auto& entry) { return entry.first < kSmallShare; });
  std::vector<std::string> large;
  for (const std::string& phase : phases) {
    const auto is_it = [&](const auto& entry) { return entry.second == phase; };
    if (std::ranges::any_of(shares, is_it)) large.push_back(phase);
  }
  return large;
}

Figure stacked(const Subject& subject, const std::vector<Cell>& cells,
               const std::vector<std::string>& phases) {
  Table numbers = {key_column("cell")};
  for (const std::string& phase : phases) {
    numbers.push_back(number_column(phase, kMilliseconds, "phase_time_" + phase));
  }
  const std::vector<std::string> large = large_phases(cells, phases);
  const bool has_rest = large.size() < phases.size();
  std::vector<std::string> parts = large;
  if (has_rest) parts.emplace_back("the rest");
  StackedBars bars(kStepTime, std::move(parts));
  for (const Cell& cell : cells) {
    const std::string label = label_of(subject.scenario, cell);
    std::vector<Entry> row = {label};
    for (const std::string& phase : phases) row.emplace_back(phase_of(cell, phase));
    add_row(numbers, std::move(row));
    std::vector<std::optional<double>> bar;
    for (const std::string& phase : large) bar.push_back(phase_of(cell, phase));
    if (has_rest) bar.emplace_back(step_of(cell, phases) - step_of(cell, large));
    bars.add(label, std::move(bar));
  }
  return make_figure("phases", "Where the time of a step goes, mean over ranks", "bars",
                     bars.data(), std::move(numbers));
}

// The largest difference first.
Figure waterfall(const Subject& subject, const Cell& from, const Cell& to,
                 const std::vector<std::string>& phases) {
  const std::string before = label_of(subject.scenario, from);
  const std::string after = label_of(subject.scenario, to);
  std::vector<std::pair<double, std::string>> changes;
  for (const std::string& phase : phases) {
    changes.emplace_back(phase_of(to, phase).value_or(0) - phase_of(from, phase).value_or(0),
                         phase);
  }
  std::ranges::stable_sort(changes, std::greater(),
                           [](const auto& change) { return std::abs(change.first); });
  const double whole = step_of(from, phases);
  Table numbers = {key_column("phase"), number_column(before, kMilliseconds),
                   number_column(after, kMilliseconds), number_column("difference", kMilliseconds)};
  Json steps = Json::array();
  steps.push_back(
      {{"label", before}, {"value", printed(whole, kMilliseconds)}, {"is_whole", true}});
  double small = 0;
  for (const auto& [change, phase] : changes) {
    add_row(numbers, {phase, phase_of(from, phase), phase_of(to, phase), change});
    if (std::abs(change) < kSmallShare / 3 * whole || steps.size() > kMostColours) {
      small += change;
    } else {
      steps.push_back({{"label", phase}, {"value", printed(change, kMilliseconds)}});
    }
  }
  steps.push_back({{"label", "the rest"}, {"value", printed(small, kMilliseconds)}});
  steps.push_back({{"label", after},
                   {"value", printed(step_of(to, phases), kMilliseconds)},
                   {"is_whole", true}});
  add_row(numbers, {"all", whole, step_of(to, phases), step_of(to, phases) - whole});
  const Json data = {{"value", to_json({"time of a step", kMilliseconds})},
                     {"steps", std::move(steps)}};
  return make_figure("difference-" + name_part(after),
                     fmt::format("From {} to {}: what changes in a step", before, after),
                     "waterfall", data, std::move(numbers));
}

struct Arrow {
  const Cell* from;
  const Cell* to;
  double ratio;  // of the steps: the smaller the faster
};

// From each reference to what is compared with it, the fastest first.
std::vector<Arrow> arrows_of(const Subject& subject, const std::vector<std::string>& phases) {
  std::vector<Arrow> arrows;
  const auto& references = subject.references;
  for (std::size_t i = 0; i < references.size(); ++i) {
    const Cell& cell = subject.scenario.cells[i];
    const Cell* from = references[i];
    if (from == nullptr || from == &cell || !from->ok() || !cell.ok()) continue;
    const double before = step_of(*from, phases), after = step_of(cell, phases);
    if (before > 0 && after > 0) arrows.push_back({from, &cell, after / before});
  }
  std::ranges::stable_sort(arrows, {}, &Arrow::ratio);
  return arrows;
}

}  // namespace

Figures phase_figures(const Subject& subject) {
  std::vector<Cell> cells = subject.scenario.ok_cells();
  const std::vector<std::string> phases = phases_in(cells);
  std::erase_if(cells, [&](const Cell& cell) { return step_of(cell, phases) == 0; });
  if (cells.empty()) return {};
  Figures figures = {stacked(subject, cells, phases)};
  const auto arrows = arrows_of(subject, phases);
  if (!arrows.empty()) {
    figures.push_back(waterfall(subject, *arrows.front().from, *arrows.front().to, phases));
  }
  return figures;
}

Figures difference_figures(const Subject& subject) {
  const std::vector<std::string> phases = phases_in(subject.scenario.ok_cells());
  const auto arrows = arrows_of(subject, phases);
  Figures figures;
  for (std::size_t i = 1; i < arrows.size(); ++i) {
    figures.push_back(waterfall(subject, *arrows[i].from, *arrows[i].to, phases));
  }
  return figures;
}

}  // namespace moebench::reports
