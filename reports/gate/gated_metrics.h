#pragma once

#include <string>
#include <string_view>

#include "harness/config/cell.h"
#include "harness/record/metric_catalogue.h"

namespace moebench::gate {

// Returns the catalogue's row. Error, with what was perhaps meant, where there is no such metric or
// it has no number for a run; `option` names who asked.
const record::MetricInfo& measured_metric(const std::string& name, std::string_view option);

// Error where pairs cannot be judged by the metric (`ab --metric`): not one of the above, told by
// one run, of no direction that is worse, or not measured in cells that measure `measure`.
void check_gated_metric(const std::string& name, config::Measure measure);

}  // namespace moebench::gate
