#pragma once

#include <cstddef>
#include <optional>

#include "reports/crossover/map.h"
#include "reports/write/document.h"

namespace moebench::crossover {

// The gain of each expert parallel arm against the best of the others, by tokens and network, with
// its interval.
reports::Figure heat_of(const MapGroup& group);

// The gain of an arm at a point against the best of the others: the smallest of its gains, and of
// their intervals' ends; nullopt where there is none.
std::optional<reports::Gain> best_gain(const MapPoint& point, std::size_t arm);

}  // namespace moebench::crossover
