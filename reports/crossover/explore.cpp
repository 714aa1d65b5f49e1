#include "reports/crossover/explore.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "harness/stats/distributions.h"
#include "harness/stats/quantile.h"

namespace moebench::crossover {
namespace {

using reports::Gain;

constexpr int kStartRounds = 2;  // fewer have no interval
// Numbers of further rounds that are tried: one round's gain can be small where a few's is not.
constexpr std::array kTried = {1, 2, 4, 8};
constexpr double kLeastGain = 1e-6;
// Arms whose log gain is known to lie this close to 0 are equal.
constexpr double kEqual = 0.03;

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

// What is known of the noise of all rounds.
struct Noise {
  double variance = 2 * reports::kAssumedScatter * reports::kAssumedScatter;
  double df = 0;
  int num_gains = 1;

  // Half of an interval after `rounds`, once `more` degrees of freedom are known.
  double half(int rounds, double more) const {
    const double known = std::max(df + more, 1.0);
    const double level = 1 - (1 - reports::kGainConfidence) / 2 / num_gains;
    return stats::t_quantile(level, known) * std::sqrt(variance / rounds);
  }
};

Noise noise_of(const Map& map) {
  Noise noise;
  double squares = 0;
  int num_gains = 0;
  for (const MapGroup& group : map.groups) {
    for (const MapPoint& point : group.points) {
      for (const auto& row : point.gains) {
        for (const auto& gain : row) {
          if (!gain) continue;
          ++num_gains;
          if (gain->rounds < 2) continue;
          squares += (gain->rounds - 1) * gain->scatter * gain->scatter;
          noise.df += gain->rounds - 1;
        }
      }
    }
  }
  if (noise.df > 0) noise.variance = std::max(squares / noise.df, 1e-6);
  noise.num_gains = std::max(num_gains, 1);
  return noise;
}

// A point's arms together, in ns a round; nullopt where none has run.
std::optional<double> cost_of(const MapPoint& point) {
  double sum = 0;
  for (const auto& cell : point.cells) {
    if (!cell) continue;
    std::vector<double> times;
    for (const auto* run : cell->repetitions) {
      if (const auto time = run->value("run_time")) times.push_back(*time);
    }
    sum += stats::median(times).value_or(0);
  }
  return sum > 0 ? std::optional(sum) : std::nullopt;
}

// Integral over what is undecided of a line, in log(tokens), of how much half of the band exceeds
// `beyond`; a half above 1 counts as 1.
double width_of(const std::vector<Curve>& curves, const Line& line, double beyond) {
  constexpr int kPieces = 32;
  double sum = 0;
  for (const Stretch& stretch : line.stretches) {
    if (stretch.side != Side::kUndecided) continue;
    const double piece = std::log(stretch.to / stretch.from) / kPieces;
    for (int i = 0; i < kPieces; ++i) {
      const auto band = best_of(curves, stretch.from * std::exp(piece * (i + 0.5)));
      const double half = band ? std::min((band->high - band->low) / 2, 1.0) : 1;
      sum += piece * std::max(half - beyond, 0.0);
    }
  }
  return sum;
}

// The points of one network of a group that may be measured, by rising tokens.
struct Row {
  std::size_t group = 0;
  std::vector<std::size_t> points;  // places in the group
};

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

// Looks ahead on one row of points.
class RowOutlook {
 public:
  RowOutlook(const MapGroup& group, const Row& row, const Noise& noise)
      : group_(group), row_(row), noise_(noise) {
    for (const std::size_t i : row.points) costs_.push_back(cost_of(group.points[i]));
    interpolate_costs();
  }

  double cost(std::size_t place) const { return costs_[place].value_or(1); }

  // How much is open, of all arms; with `more` rounds of a point than there are.
  double open(std::size_t place = 0, int more = 0) const {
    double sum = 0;
    for (std::size_t arm = 0; arm < group_.num_expert_parallel; ++arm) {
      const std::vector<Curve> all = curves(arm, place, more);
      const Line line = line_of(all);
      sum += line.undecided() + width_of(all, line, 0);
    }
    return sum;
  }

  // What is undecided of the widest arm whose times are not known to be equal, and of any.
  std::pair<double, double> widest() const {
    double open_most = 0, most = 0;
    for (std::size_t arm = 0; arm < group_.num_expert_parallel; ++arm) {
      const std::vector<Curve> all = curves(arm, 0, 0);
      const Line line = line_of(all);
      most = std::max(most, line.undecided());
      const bool are_equal = line.crossings.empty() && width_of(all, line, kEqual) == 0;
      if (!are_equal) open_most = std::max(open_most, line.undecided());
    }
    return {open_most, most};
  }

 private:
  std::vector<Curve> curves(std::size_t arm, std::size_t changed, int more) const {
    std::vector<Curve> curves;
    const std::size_t num_others = group_.arms.size() - group_.num_expert_parallel;
    for (std::size_t other = 0; other < num_others; ++other) {
      std::vector<Point> points;
      for (const std::size_t i : row_.points) {
        const auto& gain = group_.points[i].gains[arm][other];
        if (gain) points.push_back(point_of(group_.points[i].tokens, *gain));
      }
      if (points.empty()) continue;
      if (more > 0) change(arm, other, changed, more, points);
      curves.emplace_back(std::move(points));
    }
    return curves;
  }

  void change(std::size_t arm, std::size_t other, std::size_t changed, int more,
              std::vector<Point>& points) const {
    const MapPoint& point = group_.points[row_.points[changed]];
    const auto& gain = point.gains[arm][other];
    if (gain) {
      const auto at = std::ranges::find(points, point.tokens, &Point::at);
      const int rounds = gain->rounds;
      const double now = noise_.half(rounds, 0), then = noise_.half(rounds + more, more);
      at->half = std::isfinite(at->half) ? at->half * then / now : then;
      return;
    }
    const auto band = Curve(points).at(point.tokens);
    if (!band) return;
    points.push_back({point.tokens, band->estimate, noise_.half(more, more - 1)});
  }

  // Those of points that have not run; the ends of a row have.
  void interpolate_costs() {
    const auto tokens = [&](std::size_t i) { return group_.points[row_.points[i]].tokens; };
    std::optional<std::size_t> before;
    for (std::size_t i = 0; i < costs_.size(); ++i) {
      if (!costs_[i]) continue;
      for (std::size_t k = before ? *before + 1 : i; k < i; ++k) {
        const double w =
            std::log(tokens(k) / tokens(*before)) / std::log(tokens(i) / tokens(*before));
        costs_[k] = std::exp((1 - w) * std::log(*costs_[*before]) + w * std::log(*costs_[i]));
      }
      before = i;
    }
  }

  const MapGroup& group_;
  const Row& row_;
  const Noise& noise_;
  std::vector<std::optional<double>> costs_;  // of the row's points
};

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

// The end of a row with the fewest rounds, where they are too few.
std::optional<Next> missing_end(const Map& map, const std::vector<Row>& rows) {
  std::optional<Next> found;
  int least = kStartRounds;
  for (const Row& row : rows) {
    if (row.points.empty()) continue;
    for (const std::size_t end : {row.points.front(), row.points.back()}) {
      const int rounds = rounds_of(map.groups[row.group].points[end]);
      if (rounds >= least) continue;
      least = rounds;
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
  } else if (auto end = missing_end(map, rows)) {
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
