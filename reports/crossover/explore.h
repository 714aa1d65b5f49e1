#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "reports/crossover/map.h"

namespace moebench::crossover {

struct ExploreRules {
  double budget_ns = 0;  // of run_time, what is on record included
  // A line is narrow enough where what is undecided of it spans this factor's logarithm.
  double narrow = 0.2;
  int max_rounds = 50;  // of a point
};

// What to measure next: all arms of a point, until each has so many rounds.
struct Next {
  std::size_t group = 0;
  std::size_t point = 0;
  int rounds = 0;
};

struct Exploration {
  std::optional<Next> next{};  // nothing: it has ended
  std::string reason{};        // why it has
  double spent_ns = 0;         // run_time of what is on record
  double undecided = 0;        // of the widest line, in log(tokens)
};

// Chooses by what is on record alone. Points of the map without records (see map_of) are those that
// may be measured. First the ends of each line over tokens are, until two rounds of each count (of
// rounds that were disturbed none does); a point of which an arm fails is none, so that its
// neighbour becomes the end. Then, again and again, that measurement is taken which is expected to
// lessen most, for each second that it costs, what is open: the length of what is undecided in
// log(tokens), and the integral of half of the band over it. Another round narrows a point's
// interval; a point between two others takes away what a straight line between them can miss
// (Curve). Expected is that estimates stay as they are, a new point lies on the line, and noise is
// that of the rounds so far. A point's cost is the median run_time of its arms, or between measured
// points what lies on the line between their logarithms.
//
// It ends when each line is narrow, or crosses nowhere and what is undecided of it is known to be
// equal within 3 %; when the budget is spent; or when no round fits into it, or may be added
// (max_rounds).
Exploration explore(const Map& map, const ExploreRules& rules);

}  // namespace moebench::crossover
