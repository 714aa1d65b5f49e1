#pragma once

#include <string>
#include <vector>

#include "reports/crossover/map.h"

namespace moebench::crossover {

// "1900": what was measured as it stands, what was computed with three digits.
std::string tokens_text(double tokens);
std::string rate_text(double bits_per_second);

// Name of the arm that is fastest of those that a line's arm is compared with, at a place.
std::string best_other(const MapGroup& group, const MapLine& line, double place);

// Which arm wins where, a sentence for each line over tokens, and for each over link rates that
// crosses: "network 1gbit: below 1900 tokens a micro-batch (1560 to 2320) ep 2 is faster; above,
// fsdp". It also says where nothing crosses within what was measured, and where nothing is decided.
std::vector<std::string> sentences_of(const MapGroup& group);

}  // namespace moebench::crossover
