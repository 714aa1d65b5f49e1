#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/write/cells.h"
#include "reports/write/table.h"

namespace moebench::reports {

// What a billion tokens take: GPU-hours, or core-hours where a cell ran on CPUs, and with
// `price_per_gpu_hour` money; joules for a million tokens, of GPUs and of processor packages, from
// measured power. Empty where no cell says how fast it trains.
Table cost_table(const ScenarioCells& scenario,
                 const std::optional<double>& price_per_gpu_hour = std::nullopt);

// How the numbers of that table come about; none where it is empty.
std::vector<std::string> cost_lines(const ScenarioCells& scenario,
                                    const std::optional<double>& price_per_gpu_hour = std::nullopt);

}  // namespace moebench::reports
