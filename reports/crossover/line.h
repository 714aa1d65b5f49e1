#pragma once

#include <limits>
#include <optional>
#include <vector>

namespace moebench::crossover {

// What was measured at one place of a line across the map: of an arm against another one.
struct Point {
  double at = 0;        // tokens of a micro-batch, or bits/s of a link; above 0
  double log_gain = 0;  // above 0 the arm is faster
  double half = std::numeric_limits<double>::infinity();  // of its interval; infinite: unknown
};

// The interval of the log gain at a place, and its estimate.
struct Band {
  double low = 0;
  double estimate = 0;
  double high = 0;
};

// The log gain along a line: straight between neighbouring points in log(at), and known nowhere
// else. With w from 0 to 1 on the way from one point to the next, half the band is
//
//   sqrt(((1 - w) half_1)^2 + (w half_2)^2) + (x - x_1) (x_2 - x) / 8,   x = log(at)
//
// The first term is the points' noise, which is independent. The second is what a straight line can
// miss: where an arm's step takes a + b x tokens (a for gathers and optimizer, b for rows and
// messages of tokens), or a + b / rate, the second derivative of its logarithm in x is p (1 - p)
// with p the varying part's share, so that of a ratio lies within +-1/4; and a straight line misses
// a curve whose second derivative is at most c by at most c (x - x_1) (x_2 - x) / 2.
class Curve {
 public:
  explicit Curve(std::vector<Point> points);  // in any order

  const std::vector<Point>& points() const { return points_; }
  // nullopt beyond the points.
  std::optional<Band> at(double place) const;

 private:
  std::vector<Point> points_;  // rising
};

// What is known of the arm against the best of the others.
enum class Side { kSlower = -1, kUndecided = 0, kFaster = 1 };

struct Stretch {
  double from = 0;
  double to = 0;
  Side side = Side::kUndecided;
};

// Where the arm is as fast as the best of the others.
struct Crossing {
  double at = 0;
  double low = 0;  // the interval
  double high = 0;
  bool is_faster_below = false;
};

struct Line {
  std::vector<Stretch> stretches{};  // rising, each from the end of the one before
  std::vector<Crossing> crossings{};

  // Length of what is undecided, in log(at).
  double undecided() const;
};

// An arm against others, a curve each: faster where the bands of all lie above 0, slower where that
// of one lies below. A crossing is what is undecided between a faster and a slower stretch: the set
// of places at which equality is not refuted, as Fieller (1954, J. R. Stat. Soc. B 16) finds the
// interval of a ratio. Its error is no larger than the bands': at the true place they must hold 0.
Line line_of(const std::vector<Curve>& others);

// The band of the arm against the best of the others; nullopt where no curve is known.
std::optional<Band> best_of(const std::vector<Curve>& others, double place);

}  // namespace moebench::crossover
