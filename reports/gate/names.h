#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/gate/gate.h"

namespace moebench::gate {

std::string axis_of(const CellResult& cell, std::string_view axis);  // "" where it has none

// Axes of the report's cells in the order of first appearance, parted by whether cells differ
// there.
std::vector<std::string> varying_axes(const Report& report);
std::vector<std::string> constant_axes(const Report& report);

// "english parallelism=ep expert_kernel=loop": the scenario, and the axes in which the cells
// differ.
std::string describe(const CellResult& cell, const Report& report);

// "all 24 cells of english, synthetic".
std::string describe_all(const Report& report);

// "+20.1 % [+18.0 %, +22.2 %]", "-3.0 %", "—": the estimate, and the interval that REGRESSED and
// IMPROVED are decided by.
std::string change_text(const MetricTest& test);
// "+18.0 %", "?" where it is not known.
std::string bound_text(const std::optional<double>& bound);
// "+4.1 %", what PASS is decided by; "" of a metric that is no time.
std::string at_most_text(const MetricTest& test);

// "100 ms -> 120 ms, worse by +20.0 % [+9.3 %, +31.9 %], at most +20.7 %, n = 4; <note>".
std::string sentence(const MetricTest& test);

// "45 s", "12.5 min", "3.2 h".
std::string duration_text(double ns);

// "44.3 ms", "26.8 MB", "8560 tokens/s", "—".
std::string value_text(const std::optional<double>& value, const std::string& unit);

}  // namespace moebench::gate
