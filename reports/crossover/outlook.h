#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "reports/crossover/map.h"

// What more rounds of a map would tell, as far as that can be foreseen (explore.h).
namespace moebench::crossover {

// What is known of the noise of all rounds.
struct Noise {
  double variance = 2 * reports::kAssumedScatter * reports::kAssumedScatter;
  double df = 0;
  int num_gains = 1;

  // Half of an interval after `rounds`, once `more` degrees of freedom are known.
  double half(int rounds, double more) const;
};

Noise noise_of(const Map& map);

// The points of one network of a group that may be measured, by rising tokens.
struct Row {
  std::size_t group = 0;
  std::vector<std::size_t> points;  // places in the group
};

// Looks ahead on one row.
class RowOutlook {
 public:
  // All must outlive it.
  RowOutlook(const MapGroup& group, const Row& row, const Noise& noise);

  // Of a round of the row's point, in ns.
  double cost(std::size_t place) const { return costs_[place].value_or(1); }

  // How much is open, of all arms: the length of what is undecided in log(tokens), and half of the
  // band over it; with `more` rounds of a point than there are.
  double open(std::size_t place = 0, int more = 0) const;

  // What is undecided of the widest arm whose times are not known to be equal, and of any.
  std::pair<double, double> widest() const;

 private:
  std::vector<Curve> curves(std::size_t arm, std::size_t changed, int more) const;
  void change(std::size_t arm, std::size_t other, std::size_t changed, int more,
              std::vector<Point>& points) const;
  void interpolate_costs();

  const MapGroup& group_;
  const Row& row_;
  const Noise& noise_;
  std::vector<std::optional<double>> costs_;  // of the row's points
};

}  // namespace moebench::crossover
