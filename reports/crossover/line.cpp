#include "reports/crossover/line.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace moebench::crossover {
namespace {

// A segment between two points is looked at in so many steps; an edge that is found is then
// bisected.
constexpr int kSteps = 16;
constexpr int kBisections = 30;
// Of a ratio of two step times, see Curve.
constexpr double kMostBend = 0.25;

Side side_at(const std::vector<Curve>& others, double x) {
  const auto band = best_of(others, std::exp(x));
  if (!band) return Side::kUndecided;
  if (band->low > 0) return Side::kFaster;
  return band->high < 0 ? Side::kSlower : Side::kUndecided;
}

// The last x from which on `holds` no longer does, which it does at `from` and not at `to`.
double edge(double from, double to, const std::function<bool(double)>& holds) {
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (from + to) / 2;
    (holds(middle) ? from : to) = middle;
  }
  return (from + to) / 2;
}

std::vector<double> scanned_places(const std::vector<Curve>& others) {
  std::vector<double> ends;
  for (const Curve& curve : others) {
    for (const Point& point : curve.points()) ends.push_back(std::log(point.at));
  }
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  std::vector<double> places;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    for (int step = 0; step < kSteps; ++step) {
      places.push_back(ends[i] + (ends[i + 1] - ends[i]) * step / kSteps);
    }
  }
  if (!ends.empty()) places.push_back(ends.back());
  return places;
}

void add_stretch(std::vector<Stretch>& stretches, double to, Side side) {
  const double from = stretches.empty() ? to : stretches.back().to;
  if (!stretches.empty() && stretches.back().side == side) {
    stretches.back().to = to;
  } else if (to > from || stretches.empty()) {
    stretches.push_back({from, to, side});
  }
}

// In x = log(at).
std::vector<Stretch> stretches_of(const std::vector<Curve>& others) {
  const std::vector<double> places = scanned_places(others);
  std::vector<Stretch> stretches;
  if (places.empty()) return stretches;
  Side before = side_at(others, places.front());
  stretches.push_back({places.front(), places.front(), before});
  for (std::size_t i = 1; i < places.size(); ++i) {
    const Side side = side_at(others, places[i]);
    if (side != before) {
      const double first =
          edge(places[i - 1], places[i], [&](double x) { return side_at(others, x) == before; });
      const double last =
          edge(places[i], first, [&](double x) { return side_at(others, x) == side; });
      add_stretch(stretches, first, before);
      add_stretch(stretches, std::max(first, last), Side::kUndecided);
    }
    add_stretch(stretches, places[i], side);
    before = side;
  }
  return stretches;
}

// The middle one of the places where the estimate changes its sign; the middle of the stretch where
// it does so nowhere, since the best of the others ends there.
double root_in(const std::vector<Curve>& others, const Stretch& stretch) {
  const auto is_faster = [&](double x) {
    const auto band = best_of(others, std::exp(x));
    return band && band->estimate > 0;
  };
  constexpr int kPieces = 8 * kSteps;
  const auto place = [&](int i) {
    return stretch.from + (stretch.to - stretch.from) * i / kPieces;
  };
  std::vector<double> roots;
  for (int i = 0; i < kPieces; ++i) {
    const bool before = is_faster(place(i));
    if (before == is_faster(place(i + 1))) continue;
    roots.push_back(edge(place(i), place(i + 1), [&](double x) { return is_faster(x) == before; }));
  }
  return roots.empty() ? (stretch.from + stretch.to) / 2 : roots[roots.size() / 2];
}

}  // namespace

Curve::Curve(std::vector<Point> points) : points_(std::move(points)) {
  std::ranges::sort(points_, {}, &Point::at);
}

std::optional<Band> Curve::at(double place) const {
  // Places come from logarithms.
  constexpr double kRounding = 1e-12;
  if (points_.empty() || place < points_.front().at * (1 - kRounding) ||
      place > points_.back().at * (1 + kRounding)) {
    return std::nullopt;
  }
  const auto next = std::ranges::lower_bound(points_, place, {}, &Point::at);
  const Point& right = next == points_.end() ? points_.back() : *next;
  const Point& left = next == points_.begin() ? right : *(next - 1);
  const double length = std::log(right.at / left.at);
  const double w = length > 0 ? std::clamp(std::log(place / left.at) / length, 0.0, 1.0) : 1;
  const auto part = [](double share, double half) { return share == 0 ? 0 : share * half; };
  const double estimate = (1 - w) * left.log_gain + w * right.log_gain;
  const double half = std::hypot(part(1 - w, left.half), part(w, right.half)) +
                      kMostBend / 2 * w * (1 - w) * length * length;
  return Band{estimate - half, estimate, estimate + half};
}

std::optional<Band> best_of(const std::vector<Curve>& others, double place) {
  std::optional<Band> best;
  for (const Curve& curve : others) {
    const auto band = curve.at(place);
    if (!band) continue;
    best = best ? Band{std::min(best->low, band->low), std::min(best->estimate, band->estimate),
                       std::min(best->high, band->high)}
                : *band;
  }
  return best;
}

double Line::undecided() const {
  double sum = 0;
  for (const Stretch& stretch : stretches) {
    if (stretch.side == Side::kUndecided) sum += std::log(stretch.to / stretch.from);
  }
  return sum;
}

Line line_of(const std::vector<Curve>& others) {
  Line line;
  const std::vector<Stretch> found = stretches_of(others);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Stretch& stretch = found[i];
    line.stretches.push_back({std::exp(stretch.from), std::exp(stretch.to), stretch.side});
    const bool is_inside = i > 0 && i + 1 < found.size() && stretch.side == Side::kUndecided;
    if (!is_inside || found[i - 1].side == found[i + 1].side) continue;
    line.crossings.push_back({.at = std::exp(root_in(others, stretch)),
                              .low = std::exp(stretch.from),
                              .high = std::exp(stretch.to),
                              .is_faster_below = found[i - 1].side == Side::kFaster});
  }
  return line;
}

}  // namespace moebench::crossover
