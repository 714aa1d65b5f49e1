#include "reports/crossover/map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/config/network.h"
#include "reports/write/axis_values.h"
#include "reports/write/improvements.h"
#include "reports/write/labels.h"

namespace moebench::crossover {
namespace {

using reports::Cell;
using reports::ScenarioCells;

constexpr const char* kExpertParallel = "ep";
constexpr const char* kMetric = "runtime";

std::string arm_of(const Cell& cell) { return label_of(cell, {"parallelism"}); }
bool is_expert_parallel(const Cell& cell) { return cell.axis("parallelism") == kExpertParallel; }

double tokens_of(const Cell& cell) {
  return parse_number<double>(cell.axis("micro_batch")).value_or(0) *
         parse_number<double>(cell.axis("seq_len")).value_or(0);
}

// Rates rise, and links as they are come last.
double network_order(const std::string& network) {
  return config::link_rate(network).value_or(std::numeric_limits<double>::infinity());
}

bool varies(const ScenarioCells& scenario, const char* axis) {
  return std::ranges::count(scenario.varying_axes, axis) > 0;
}

// The axes in which cells of a group agree. Sequences of another length compute another attention,
// so that they are another group where the micro-batch varies, too.
std::vector<std::string> group_axes(const ScenarioCells& scenario) {
  std::vector<std::string> axes;
  for (const std::string& axis : scenario.varying_axes) {
    const bool is_of_map = axis == "micro_batch" || axis == "network" ||
                           (axis == "seq_len" && !varies(scenario, "micro_batch"));
    const bool is_of_arm = axis == "parallelism" || reports::is_degree(axis) || axis == "id";
    if (!is_of_map && !is_of_arm) axes.push_back(axis);
  }
  return axes;
}

struct PlaceLess {
  bool operator()(const std::pair<std::string, double>& a,
                  const std::pair<std::string, double>& b) const {
    const double order_a = network_order(a.first), order_b = network_order(b.first);
    if (order_a != order_b) return order_a < order_b;
    if (a.first != b.first) return a.first < b.first;
    return a.second < b.second;
  }
};

using Places = std::map<std::pair<std::string, double>, std::vector<const Cell*>, PlaceLess>;

// The labels of the arms, expert parallel ones first.
std::vector<std::string> arms_of(const Places& places, bool expert_parallel) {
  std::vector<std::string> arms;
  for (const auto& [place, cells] : places) {
    for (const Cell* cell : cells) {
      const std::string arm = arm_of(*cell);
      if (is_expert_parallel(*cell) == expert_parallel && std::ranges::count(arms, arm) == 0) {
        arms.push_back(arm);
      }
    }
  }
  std::ranges::sort(arms);
  return arms;
}

[[noreturn]] void refuse_twice(const Cell& one, const Cell& other) {
  throw Error(
      "cells {} and {} are the same place of the map: they agree in all axes; keep one of them "
      "with --filter",
      one.id(), other.id());
}

MapGroup group_of(const std::string& name, const Places& places) {
  MapGroup group{.name = name, .arms = arms_of(places, true)};
  group.num_expert_parallel = group.arms.size();
  for (const std::string& arm : arms_of(places, false)) group.arms.push_back(arm);
  const std::size_t num_others = group.arms.size() - group.num_expert_parallel;
  for (const auto& [place, cells] : places) {
    MapPoint point{.tokens = place.second, .network = place.first};
    point.cells.resize(group.arms.size());
    point.gains.assign(group.num_expert_parallel,
                       std::vector<std::optional<reports::Gain>>(num_others));
    for (const Cell* cell : cells) {
      const auto arm = std::ranges::find(group.arms, arm_of(*cell)) - group.arms.begin();
      auto& held = point.cells[static_cast<std::size_t>(arm)];
      if (held) refuse_twice(*held, *cell);
      held = *cell;
    }
    group.points.push_back(std::move(point));
  }
  return group;
}

// What an arm's cells have that others have not.
reports::AxisValues arm_values(const Cell& cell) {
  reports::AxisValues values = {{"parallelism", cell.axis("parallelism")}};
  if (arm_of(cell) != cell.axis("parallelism")) {
    values.emplace_back("shard_degree", cell.axis("shard_degree"));
  }
  return values;
}

// All expert parallel cells of the scenario against those of one other arm, so that their
// intervals hold together and their noise is shared.
void add_gains(const ScenarioCells& scenario, const std::string& other, Map& map) {
  ScenarioCells pair{.name = scenario.name,
                     .cells = {},
                     .varying_axes = scenario.varying_axes,
                     .constant_axes = scenario.constant_axes};
  reports::AxisValues reference;
  for (const Cell& cell : scenario.cells) {
    if (!is_expert_parallel(cell) && arm_of(cell) != other) continue;
    if (!is_expert_parallel(cell)) reference = arm_values(cell);
    pair.cells.push_back(cell);
  }
  const auto gains = reports::gains_of(pair, reports::Reference(pair, reference), kMetric);
  std::map<std::string, const std::optional<reports::Gain>*> by_id;
  for (std::size_t i = 0; i < pair.cells.size(); ++i) by_id[pair.cells[i].id()] = &gains[i];
  for (MapGroup& group : map.groups) {
    const auto found = std::ranges::find(group.arms, other);
    if (found == group.arms.end()) continue;
    const auto column = static_cast<std::size_t>(found - group.arms.begin());
    for (MapPoint& point : group.points) {
      if (!point.cells[column]) continue;
      for (std::size_t arm = 0; arm < group.num_expert_parallel; ++arm) {
        if (!point.cells[arm]) continue;
        point.gains[arm][column - group.num_expert_parallel] = *by_id.at(point.cells[arm]->id());
      }
    }
  }
}

// The points through which a line goes.
void add_line(const MapGroup& group, MapLine line, std::vector<MapLine>& lines) {
  const std::size_t num_others = group.arms.size() - group.num_expert_parallel;
  std::size_t most = 0;
  for (std::size_t other = 0; other < num_others; ++other) {
    std::vector<Point> points;
    for (const MapPoint& point : group.points) {
      const auto& gain = point.gains[line.arm][other];
      const auto rate = config::link_rate(point.network);
      const bool is_on = line.is_over_tokens ? point.network == line.network
                                             : point.tokens == line.tokens && rate.has_value();
      if (gain && is_on) {
        points.push_back(point_of(line.is_over_tokens ? point.tokens : *rate, *gain));
      }
    }
    most = std::max(most, points.size());
    if (points.empty()) continue;
    line.curves.emplace_back(std::move(points));
    line.others.push_back(group.num_expert_parallel + other);
  }
  if (most < (line.is_over_tokens ? 1 : 2)) return;
  line.line = line_of(line.curves);
  lines.push_back(std::move(line));
}

void add_lines(MapGroup& group) {
  std::vector<std::string> networks;
  std::set<double> sizes;
  for (const MapPoint& point : group.points) {
    if (networks.empty() || networks.back() != point.network) networks.push_back(point.network);
    sizes.insert(point.tokens);
  }
  for (std::size_t arm = 0; arm < group.num_expert_parallel; ++arm) {
    for (const std::string& network : networks) {
      add_line(group, {.arm = arm, .network = network}, group.lines);
    }
  }
  for (std::size_t arm = 0; arm < group.num_expert_parallel; ++arm) {
    for (const double tokens : sizes) {
      add_line(group, {.arm = arm, .is_over_tokens = false, .tokens = tokens}, group.lines);
    }
  }
}

bool has_both(const MapGroup& group) {
  return group.num_expert_parallel > 0 && group.arms.size() > group.num_expert_parallel;
}

[[noreturn]] void refuse(const ScenarioCells& scenario, const std::vector<const Cell*>& cells,
                         const std::vector<std::string>& axes) {
  std::set<std::string> parallelisms;
  for (const Cell* cell : cells) parallelisms.insert(cell->axis("parallelism"));
  if (!parallelisms.contains(kExpertParallel) || parallelisms.size() < 2) {
    throw Error(
        "scenario '{}' has nothing to compare: its cells have parallelism {}; a map needs ep, and "
        "fsdp or hsdp beside it",
        scenario.name, fmt::join(parallelisms, ", "));
  }
  throw Error(
      "scenario '{}' has nothing to compare: no two cells differ in parallelism alone, all differ "
      "in {}; run both arms with the same",
      scenario.name, fmt::join(axes, ", "));
}

}  // namespace

Point point_of(double at, const reports::Gain& gain) {
  Point point{.at = at, .log_gain = std::log(gain.factor)};
  if (gain.interval) point.half = std::log(gain.interval->second / gain.interval->first) / 2;
  return point;
}

Map map_of(const ScenarioCells& scenario, const std::string& against) {
  const std::vector<std::string> axes = group_axes(scenario);
  std::vector<std::string> names;
  std::map<std::string, Places> groups;
  std::vector<const Cell*> compared;
  for (const Cell& cell : scenario.cells) {
    const bool is_asked =
        is_expert_parallel(cell) || against.empty() || cell.axis("parallelism") == against;
    if (!is_asked || tokens_of(cell) <= 0) continue;
    compared.push_back(&cell);
    const std::string name = label_of(cell, axes);
    if (!groups.contains(name)) names.push_back(name);
    groups[name][{cell.axis("network"), tokens_of(cell)}].push_back(&cell);
  }
  Map map{.scenario = scenario.name};
  std::set<std::string> others;
  for (const std::string& name : names) {
    MapGroup group = group_of(name, groups.at(name));
    if (!has_both(group)) continue;
    others.insert(group.arms.begin() + static_cast<std::ptrdiff_t>(group.num_expert_parallel),
                  group.arms.end());
    map.groups.push_back(std::move(group));
  }
  if (map.groups.empty()) refuse(scenario, compared, axes);
  for (const std::string& other : others) add_gains(scenario, other, map);
  for (MapGroup& group : map.groups) add_lines(group);
  return map;
}

}  // namespace moebench::crossover
