#pragma once

#include <optional>
#include <vector>

namespace moebench::stats {

// Linear interpolation between order statistics (definition 7 of Hyndman and Fan 1996), `share`
// from 0 to 1. nullopt where there is no value or one is not finite: a rank among them would be
// made up.
std::optional<double> quantile(std::vector<double> values, double share);
std::optional<double> median(std::vector<double> values);

}  // namespace moebench::stats
