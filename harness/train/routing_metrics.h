#pragma once

#include <cstdint>
#include <string>

#include "harness/config/cell.h"
#include "harness/record/record.h"
#include "harness/train/engine.h"
#include "harness/train/run.h"

namespace moebench::train {

void write_routing(const RoutingCounts& counts, const config::ModelConfig& model,
                   record::Metrics& metrics);

// The rows that the experts of all ranks computed in the measured steps must be those that the
// forced routing chose for all ranks' tokens; returns the first difference, "" where there is none
// or the router decides. `first_step`: the data's, of the first measured step. Collective.
std::string check_routing(const RoutingCounts& counts, const PassInputs& inputs,
                          std::int64_t first_step);

}  // namespace moebench::train
