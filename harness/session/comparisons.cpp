#include "harness/session/comparisons.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <ranges>
#include <set>
#include <utility>

#include "harness/session/plan.h"
#include "reports/write/cells.h"

namespace moebench::session {
namespace {

using config::CellConfig;

using Names = std::set<std::string>;

// Sets of places that are joined step by step.
class Groups {
 public:
  explicit Groups(std::size_t size) : parents_(size) {
    std::iota(parents_.begin(), parents_.end(), std::size_t{0});
  }
  // The first place of the set.
  std::size_t first_of(std::size_t place) {
    while (parents_[place] != place) place = parents_[place] = parents_[parents_[place]];
    return place;
  }
  void join(std::size_t a, std::size_t b) {
    const auto [first, second] = std::minmax({first_of(a), first_of(b)});
    parents_[second] = first;
  }

 private:
  std::vector<std::size_t> parents_;
};

std::vector<CellConfig> cells_at(const std::vector<CellConfig>& cells,
                                 const std::vector<std::size_t>& places) {
  std::vector<CellConfig> found;
  for (const std::size_t place : places) found.push_back(cells[place]);
  return found;
}

std::vector<std::string> scenarios_of(const CellConfig& cell) {
  return cell.scenarios.empty() ? std::vector<std::string>{cell.scenario} : cell.scenarios;
}

// Axes that every cell states; engines take notice of different ones.
Names stated_by_all(const std::vector<CellConfig>& cells) {
  std::map<std::string, std::size_t> counts;
  for (const CellConfig& cell : cells) {
    for (const auto& [axis, value] : cell.axes()) ++counts[axis];
  }
  Names names;
  for (const auto& [axis, count] : counts) {
    if (count == cells.size()) names.insert(axis);
  }
  return names;
}

Names baseline_axes(const CellConfig& cell, const std::string& scenario) {
  Names axes;
  if (!cell.file) return axes;
  const auto found = cell.file->baselines.find(scenario);
  if (found == cell.file->baselines.end()) return axes;
  for (const auto& pair : std::views::split(found->second, ',')) {
    axes.insert(parse_pair({pair.begin(), pair.end()}, "baseline").first);
  }
  return axes;
}

// The axes in which compared cells are equal.
Names shared_axes(const std::vector<CellConfig>& cells, const std::string& scenario) {
  Names arms = baseline_axes(cells.front(), scenario);
  if (arms.empty()) arms = {"engine", "parallelism", "expert_kernel"};
  const std::vector<std::string> varying = varying_axes(cells);
  const bool varies_arms =
      std::ranges::any_of(varying, [&](const auto& axis) { return arms.contains(axis); });
  if (!varies_arms) return {};
  Names shared = stated_by_all(cells);
  std::erase_if(shared,
                [&](const auto& axis) { return arms.contains(axis) || reports::is_degree(axis); });
  return shared;
}

void join_scenario(const std::vector<CellConfig>& cells, const std::string& scenario,
                   const std::vector<std::size_t>& places, Groups& groups) {
  const Names shared = shared_axes(cells_at(cells, places), scenario);
  std::map<std::vector<std::string>, std::size_t> firsts;
  for (const std::size_t place : places) {
    std::vector<std::string> key;
    for (const auto& [axis, value] : cells[place].axes()) {
      if (shared.contains(axis)) key.push_back(value);
    }
    groups.join(place, firsts.try_emplace(key, place).first->second);
  }
}

// The axes that tell the arms apart; degrees only where their parallelism does not.
std::vector<std::string> axes_of(const std::vector<CellConfig>& arms) {
  const std::vector<std::string> varying = varying_axes(arms);
  std::vector<std::string> shorter = varying;
  std::erase_if(shorter, [](const std::string& axis) { return reports::is_degree(axis); });
  Names descriptions;
  for (const CellConfig& arm : arms) descriptions.insert(describe(arm, shorter));
  return descriptions.size() == arms.size() ? shorter : varying;
}

// What the group has in common and others have not.
std::string name_of(const CellConfig& arm, std::vector<std::string> varying,
                    const std::vector<std::string>& of_arms) {
  std::erase_if(varying, [&](const auto& axis) { return std::ranges::count(of_arms, axis) > 0; });
  return varying.empty() ? "" : describe(arm, varying);
}

}  // namespace

std::vector<Comparison> comparisons_of(const std::vector<CellConfig>& cells) {
  std::map<std::string, std::vector<std::size_t>> scenarios;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    for (const std::string& name : scenarios_of(cells[i])) scenarios[name].push_back(i);
  }
  Groups groups(cells.size());
  for (const auto& [name, places] : scenarios) join_scenario(cells, name, places, groups);
  std::map<std::size_t, Comparison> by_first;
  for (std::size_t i = 0; i < cells.size(); ++i) by_first[groups.first_of(i)].arms.push_back(i);
  const std::vector<std::string> varying = varying_axes(cells);
  std::vector<Comparison> comparisons;
  for (auto& [first, comparison] : by_first) {
    const std::vector<CellConfig> arms = cells_at(cells, comparison.arms);
    comparison.axes = axes_of(arms);
    comparison.name = name_of(cells[first], varying, varying_axes(arms));
    comparisons.push_back(std::move(comparison));
  }
  return comparisons;
}

}  // namespace moebench::session
