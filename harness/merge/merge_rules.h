#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::merge {

// The headline of a metric of a load, a profile or a GPU, from its value on each rank; nullopt
// where the metric is none of theirs.
std::optional<double> headline(const std::string& metric, const std::vector<double>& values);

// What every rank of a cell that measures loading must have measured.
std::vector<std::string> required_load_metrics();

}  // namespace moebench::merge
