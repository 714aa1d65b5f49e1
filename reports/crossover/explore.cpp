#include "reports/crossover/explore.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include "reports/crossover/outlook.h"

namespace moebench::crossover {
namespace {

constexpr int kStartRounds = 2;  // fewer have no interval
// Numbers of further rounds that are tried: one round's gain can be small where a few's is not.
constexpr std::array kTried = {1, 2, 4, 8};
constexpr double kLeastGain = 1e-6;

bool has_failed(const MapPoint& point) {
  return std::ranges::any_of(point.cells, [](const auto& cell) { return cell && !cell->ok(); });
}

// Rounds that all arms of the point have.
int rounds_of(const MapPoint& point) {
  std::ptrdiff_t least = std::numeric_limits<int>::max();
  for (const auto& cell : point.cells) {
    if (!cell) continue;
    least = std::min(least, std::ranges::count_if(cell->repetitions, [](const auto* run) {
                       return run->value("runtime").has_value();
                     }));
  }
  return static_cast<int>(least);
}

// Of those, how many count in the gain of the pair of arms that has the fewest: of rounds that were
// disturbed none is known.
int counted_rounds(const MapGroup& group, const MapPoint& point) {
  int least = std::numeric_limits<int>::max();
  for (std::size_t arm = 0; arm < point.gains.size(); ++arm) {
    for (std::size_t other = 0; other < point.gains[arm].size(); ++other) {
      if (!point.cells[arm] || !point.cells[group.num_expert_parallel + other]) continue;
      const auto& gain = point.gains[arm][other];
      least = std::min(least, gain ? static_cast<int>(gain->rounds) : 0);
    }
  }
  return least;
}

std::vector<Row> rows_of(const Map& map) {
  std::vector<Row> rows;
  for (std::size_t g = 0; g < map.groups.size(); ++g) {
    std::map<std::string, Row> by_network;
    const auto& points = map.groups[g].points;
    for (std::size_t i = 0; i < points.size(); ++i) {
      Row& row = by_network[points[i].network];
      row.group = g;
      if (!has_failed(points[i])) row.points.push_back(i);
    }
    for (auto& [network, row] : by_network) rows.push_back(std::move(row));
  }
  return rows;
}

double spent_ns(const Map& map) {
  double sum = 0;
  std::set<const record::CellRecord*> counted;
  for (const MapGroup& group : map.groups) {
    for (const MapPoint& point : group.points) {
      for (const auto& cell : point.cells) {
        if (!cell) continue;
        for (const auto* run : cell->repetitions) {
          if (counted.insert(run).second) sum += run->value("run_time").value_or(0);
        }
      }
    }
  }
  return sum;
}

// The end of a row with the fewest rounds that count, where they are too few.
std::optional<Next> missing_end(const Map& map, const std::vector<Row>& rows, int max_rounds) {
  std::optional<Next> found;
  int least = kStartRounds;
  for (const Row& row : rows) {
    if (row.points.empty()) continue;
    for (const std::size_t end : {row.points.front(), row.points.back()}) {
      const MapGroup& group = map.groups[row.group];
      const int rounds = rounds_of(group.points[end]);
      const int counted = counted_rounds(group, group.points[end]);
      if (counted >= least || rounds >= max_rounds) continue;
      least = counted;
      found = Next{row.group, end, rounds + 1};
    }
  }
  return found;
}

struct Best {
  std::optional<Next> next;
  double gain_a_second = 0;
};

void try_points(const Map& map, const Row& row, const RowOutlook& outlook,
                const ExploreRules& rules, double left_ns, Best& best) {
  const double now = outlook.open();
  for (std::size_t place = 0; place < row.points.size(); ++place) {
    const int rounds = rounds_of(map.groups[row.group].points[row.points[place]]);
    const int least = std::max(1, kStartRounds - rounds);
    if (outlook.cost(place) * least > left_ns) continue;
    for (const int more : kTried) {
      if (more < least || rounds + more > rules.max_rounds) continue;
      const double gain = now - outlook.open(place, more);
      const double gain_a_second = gain / (more * outlook.cost(place));
      if (gain < kLeastGain || gain_a_second <= best.gain_a_second) continue;
      best = {Next{row.group, row.points[place], rounds + least}, gain_a_second};
    }
  }
}

}  // namespace

Exploration explore(const Map& map, const ExploreRules& rules) {
  const std::vector<Row> rows = rows_of(map);
  Exploration found{.spent_ns = spent_ns(map)};
  const double left_ns = rules.budget_ns - found.spent_ns;
  if (left_ns <= 0) {
    found.reason = "the budget is spent";
  } else if (auto end = missing_end(map, rows, rules.max_rounds)) {
    found.next = end;
    return found;
  }
  const Noise noise = noise_of(map);
  Best best;
  bool is_open = false;
  for (const Row& row : rows) {
    const MapGroup& group = map.groups[row.group];
    const RowOutlook outlook(group, row, noise);
    const auto [open_most, most] = outlook.widest();
    found.undecided = std::max(found.undecided, most);
    is_open = is_open || open_most > rules.narrow;
    if (left_ns > 0 && open_most > rules.narrow) {
      try_points(map, row, outlook, rules, left_ns, best);
    }
  }
  if (!found.reason.empty()) return found;
  found.next = best.next;
  if (found.next) return found;
  if (is_open) {
    found.reason = "no further round fits into the budget, or a size has had all it may";
  } else if (found.undecided > rules.narrow) {
    found.reason = "where nothing is decided, the arms are equal within 3 %";
  } else {
    found.reason = "all boundaries are narrow enough";
  }
  return found;
}

}  // namespace moebench::crossover
