#include "reports/crossover/outlook.h"

#include <algorithm>
#include <cmath>

#include "harness/stats/distributions.h"
#include "harness/stats/quantile.h"

namespace moebench::crossover {
namespace {

// Arms whose log gain is known to lie this close to 0 are equal.
constexpr double kEqual = 0.03;

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

}  // namespace

double Noise::half(int rounds, double more) const {
  const double known = std::max(df + more, 1.0);
  const double level = 1 - (1 - reports::kGainConfidence) / 2 / num_gains;
  return stats::t_quantile(level, known) * std::sqrt(variance / rounds);
}

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

RowOutlook::RowOutlook(const MapGroup& group, const Row& row, const Noise& noise)
    : group_(group), row_(row), noise_(noise) {
  for (const std::size_t i : row.points) costs_.push_back(cost_of(group.points[i]));
  interpolate_costs();
}

double RowOutlook::open(std::size_t place, int more) const {
  double sum = 0;
  for (std::size_t arm = 0; arm < group_.num_expert_parallel; ++arm) {
    const std::vector<Curve> all = curves(arm, place, more);
    const Line line = line_of(all);
    sum += line.undecided() + width_of(all, line, 0);
  }
  return sum;
}

std::pair<double, double> RowOutlook::widest() const {
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

std::vector<Curve> RowOutlook::curves(std::size_t arm, std::size_t changed, int more) const {
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

void RowOutlook::change(std::size_t arm, std::size_t other, std::size_t changed, int more,
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
void RowOutlook::interpolate_costs() {
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

}  // namespace moebench::crossover
