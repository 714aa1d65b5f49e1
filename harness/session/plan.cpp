#include "harness/session/plan.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <set>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "harness/base/words.h"
#include "harness/config/limits.h"
#include "harness/config/shipped.h"
#include "harness/launch/shell_words.h"
#include "harness/session/comparisons.h"

namespace moebench::session {
namespace {

using config::CellConfig;
using config::Scenario;

using Values = std::set<std::string>;
using Filters = std::map<std::string, Values>;

// In the order of first appearance. An axis that a cell's engine takes no notice of has no value
// there.
std::vector<std::pair<std::string, Values>> values_by_axis(const std::vector<CellConfig>& cells) {
  std::vector<std::pair<std::string, Values>> values;
  std::map<std::string, std::size_t> places;
  for (const CellConfig& cell : cells) {
    for (const auto& [axis, value] : cell.axes()) {
      const auto [place, is_new] = places.try_emplace(axis, values.size());
      if (is_new) values.push_back({axis, {}});
      values[place->second].second.insert(value);
    }
  }
  return values;
}

std::vector<CellConfig> all_cells(const std::vector<Scenario>& scenarios) {
  std::vector<CellConfig> cells;
  for (const Scenario& scenario : scenarios) {
    cells.insert(cells.end(), scenario.cells.begin(), scenario.cells.end());
  }
  return cells;
}

void keep_named(const std::vector<std::string>& names, std::vector<Scenario>& scenarios) {
  std::vector<std::string> known;
  for (const Scenario& scenario : scenarios) known.push_back(scenario.name);
  for (const std::string& name : names) {
    if (std::ranges::count(known, name) > 0) continue;
    throw Error("--only: no scenario '{}'; {}", shortened(name), suggestion(name, known));
  }
  if (names.empty()) return;
  std::erase_if(scenarios,
                [&](const Scenario& s) { return std::ranges::count(names, s.name) == 0; });
}

// `option` names them in errors.
Filters parse_filters(const std::vector<std::string>& texts, const std::vector<CellConfig>& cells,
                      const std::string& option) {
  const auto known = values_by_axis(cells);
  std::vector<std::string> axes;
  for (const auto& [name, values] : known) axes.push_back(name);
  Filters filters;
  for (const std::string& text : texts) {
    const auto [axis, value] = parse_pair(text, option);
    const auto it = std::ranges::find(known, axis, [](const auto& entry) { return entry.first; });
    if (it == known.end()) {
      throw Error("{}: no axis '{}'; {}", option, shortened(axis), suggestion(axis, axes));
    }
    if (!it->second.contains(value)) {
      throw Error("{}: no cell has {}={}; its values are {}", option, axis, shortened(value),
                  listed({it->second.begin(), it->second.end()}));
    }
    filters[axis].insert(value);
  }
  return filters;
}

bool passes(const CellConfig& cell, const Filters& filters) {
  return std::ranges::all_of(filters, [&](const auto& filter) {
    return filter.second.contains(axis_of(cell, filter.first));
  });
}

// --ranks N is --set ranks=N.
config::Overrides overrides_of(const Selection& selection) {
  config::Overrides overrides = config::parse_overrides(selection.set, "--set");
  if (!selection.ranks) return overrides;
  const auto ranks =
      config::parse_overrides({fmt::format("ranks={}", *selection.ranks)}, "--ranks");
  if (std::ranges::count(overrides, "ranks", &config::Override::name) > 0) {
    throw Error("--ranks and --set both set the ranks; keep one");
  }
  overrides.insert(overrides.end(), ranks.begin(), ranks.end());
  return overrides;
}

void shuffle(std::vector<PlannedRun>::iterator begin, std::vector<PlannedRun>::iterator end,
             std::uint64_t seed) {
  for (auto left = end - begin; left > 1; --left) {
    seed = mix64(seed);
    std::iter_swap(begin + left - 1,
                   begin + static_cast<std::ptrdiff_t>(seed % static_cast<std::uint64_t>(left)));
  }
}

}  // namespace

std::vector<Scenario> select_scenarios(const Selection& selection) {
  std::vector<Scenario> scenarios =
      config::load_scenarios(config::find_scenario(selection.file),
                             {.values = overrides_of(selection), .only = selection.only});
  keep_named(selection.only, scenarios);
  const auto cannot_run = [](const Scenario& scenario) { return !scenario.cannot_run.empty(); };
  if (std::ranges::all_of(scenarios, cannot_run)) {
    const bool is_chosen = !selection.only.empty() || !selection.filters.empty();
    if (is_chosen) throw Error(scenarios.front().cannot_run);
    return scenarios;
  }
  const Filters filters = parse_filters(selection.filters, all_cells(scenarios), "--filter");
  for (Scenario& scenario : scenarios) {
    std::erase_if(scenario.cells, [&](const CellConfig& cell) { return !passes(cell, filters); });
  }
  std::erase_if(scenarios, [&](const Scenario& scenario) {
    return scenario.cells.empty() && !cannot_run(scenario);
  });
  if (std::ranges::all_of(scenarios, cannot_run)) {
    throw Error("no cell has all the values of --filter; give fewer of them");
  }
  return scenarios;
}

namespace {

bool is_asked_for(const Scenario& scenario, const Selection& selection) {
  return !scenario.slow || !selection.only.empty();
}

// A scenario that cannot run is said before anything else runs.
void check_can_run(const std::vector<Scenario>& scenarios, const Selection& selection) {
  std::string others;
  for (const Scenario& scenario : scenarios) {
    if (!scenario.cannot_run.empty() || !is_asked_for(scenario, selection)) continue;
    others += " " + launch::joined_shell_words({"--only", scenario.name});
  }
  for (const Scenario& scenario : scenarios) {
    if (scenario.cannot_run.empty() || !is_asked_for(scenario, selection)) continue;
    throw Error("scenario '{}' cannot run here: {}{}", scenario.name, scenario.cannot_run,
                others.empty() ? "" : "; to run what can:" + others);
  }
}

// What two scenarios ask of the one cell that they share; of `repeats: auto` the one that asks for
// more.
void add_wishes(const CellConfig& of_another, CellConfig& cell) {
  if (cell.scenarios.back() != of_another.scenario) cell.scenarios.push_back(of_another.scenario);
  cell.repeats = std::max(cell.repeats, of_another.repeats);
  if (of_another.repeats_auto) {
    cell.gain_width = cell.repeats_auto ? std::min(cell.gain_width, of_another.gain_width)
                                        : of_another.gain_width;
    cell.max_repeats = cell.repeats_auto ? std::max(cell.max_repeats, of_another.max_repeats)
                                         : of_another.max_repeats;
    cell.repeats_auto = true;
  }
  cell.profile = std::max(cell.profile, of_another.profile);
}

// All cells but those of slow scenarios that are not named, each key once.
std::vector<CellConfig> planned_cells(const std::vector<Scenario>& scenarios,
                                      const Selection& selection,
                                      std::string (*key_of)(const CellConfig&)) {
  check_can_run(scenarios, selection);
  std::vector<CellConfig> cells;
  std::vector<std::string> slow;
  std::map<std::string, std::size_t> places;
  for (const Scenario& scenario : scenarios) {
    if (!is_asked_for(scenario, selection)) {
      slow.push_back(scenario.name);
      continue;
    }
    for (const CellConfig& cell : scenario.cells) {
      const auto [place, is_new] = places.emplace(key_of(cell), cells.size());
      if (!is_new) {
        add_wishes(cell, cells[place->second]);
        continue;
      }
      cells.push_back(cell);
      cells.back().scenarios = {scenario.name};
    }
  }
  if (cells.empty()) {
    throw Error("only slow scenarios are left, and they run when named: --only {}",
                fmt::join(slow, " or --only "));
  }
  return cells;
}

}  // namespace

std::vector<CellConfig> cells_to_run(const std::vector<Scenario>& scenarios,
                                     const Selection& selection) {
  return planned_cells(scenarios, selection, [](const CellConfig& cell) { return cell.id(); });
}

std::vector<CellConfig> cells_to_resume(const std::vector<Scenario>& scenarios,
                                        const Selection& selection) {
  return planned_cells(scenarios, selection, [](const CellConfig& cell) {
    return cell.id() +
           (cell.resumed_as ? cell.resumed_as : std::make_shared<CellConfig>(cell))->id();
  });
}

void name_baseline(const std::vector<std::string>& values, const Selection& selection,
                   std::vector<CellConfig>& cells) {
  if (values.empty()) return;
  Selection unfiltered = selection;
  unfiltered.filters.clear();
  const std::vector<CellConfig> known = all_cells(select_scenarios(unfiltered));
  const Filters filters = parse_filters(values, known, "--baseline");
  std::set<std::string> scenarios;  // that have such a cell
  for (const CellConfig& cell : known) {
    if (passes(cell, filters)) scenarios.insert(cell.scenario);
  }
  if (scenarios.empty()) {
    throw Error("--baseline: no cell has all of {}; give fewer of them", fmt::join(values, ","));
  }
  const auto origin = std::make_shared<config::ScenarioOrigin>(*cells.front().file);
  for (const std::string& name : scenarios) {
    origin->baselines[name] = fmt::format("{}", fmt::join(values, ","));
  }
  for (CellConfig& cell : cells) cell.file = origin;
}

namespace {

// Places of the cells in the order of repetition 0.
std::vector<std::size_t> sequence_of(const std::vector<CellConfig>& cells, Order order) {
  std::vector<std::size_t> sequence;
  if (order != Order::kRounds) {
    sequence.resize(cells.size());
    std::iota(sequence.begin(), sequence.end(), std::size_t{0});
    return sequence;
  }
  bool is_backwards = false;
  for (Comparison& comparison : comparisons_of(cells)) {
    if (is_backwards) std::ranges::reverse(comparison.arms);
    sequence.insert(sequence.end(), comparison.arms.begin(), comparison.arms.end());
    if (comparison.arms.size() > 1) is_backwards = !is_backwards;
  }
  return sequence;
}

}  // namespace

std::vector<PlannedRun> make_plan(const std::vector<CellConfig>& cells, Order order,
                                  std::uint64_t seed) {
  std::int64_t rounds = 0;
  std::int64_t sum = 0;
  for (const CellConfig& cell : cells) {
    rounds = std::max(rounds, cell.repeats);
    sum += cell.repeats;
  }
  if (sum > config::kMaxRepetitions) {
    throw Error("{} cells are {} repetitions, more than {}; select cells, or repeat less",
                cells.size(), sum, config::kMaxRepetitions);
  }
  const std::vector<std::size_t> sequence = sequence_of(cells, order);
  std::vector<std::string> ids;
  for (const CellConfig& cell : cells) ids.push_back(cell.id());
  std::vector<PlannedRun> plan;
  for (int repetition = 0; repetition < rounds; ++repetition) {
    const auto round_begin = static_cast<std::ptrdiff_t>(plan.size());
    for (const std::size_t place : sequence) {
      if (repetition >= cells[place].repeats) continue;
      plan.push_back({cells[place], repetition, ids[place]});
    }
    const bool is_backwards = order == Order::kRounds && repetition % 2 == 1;
    if (is_backwards) std::reverse(plan.begin() + round_begin, plan.end());
    if (order == Order::kRandom) {
      shuffle(plan.begin() + round_begin, plan.end(), seed + static_cast<unsigned>(repetition));
    }
  }
  return plan;
}

std::uint64_t plan_seed(const std::vector<CellConfig>& cells) {
  std::string ids;
  for (const CellConfig& cell : cells) ids += cell.id();
  return hash64(ids);
}

std::string axis_of(const CellConfig& cell, const std::string& name) {
  for (const auto& [axis, value] : cell.axes()) {
    if (axis == name) return value;
  }
  return "";
}

std::vector<std::string> varying_axes(const std::vector<CellConfig>& cells) {
  std::vector<std::string> axes;
  for (const auto& [axis, values] : values_by_axis(cells)) {
    const bool varies = values.size() > 1;
    if (varies) axes.push_back(axis);
  }
  return axes;
}

std::pair<std::string, std::string> parse_pair(const std::string& text, const std::string& option) {
  auto pair = name_and_value(text);
  if (!pair) {
    throw Error("{}: '{}' is no axis=value, such as parallelism=ep", option, shortened(text));
  }
  return *std::move(pair);
}

std::string describe(const CellConfig& cell, const std::vector<std::string>& axes) {
  std::string text;
  for (const auto& [axis, value] : cell.axes()) {
    if (std::ranges::count(axes, axis) == 0) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", axis, value);
  }
  return text.empty() ? cell.scenario : text;
}

}  // namespace moebench::session
