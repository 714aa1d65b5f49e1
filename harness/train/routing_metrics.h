#pragma once

#include <string>

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/data/data_set.h"
#include "harness/record/record.h"
#include "harness/train/engine.h"

namespace moebench::train {

void write_routing(const RoutingCounts& counts, const config::ModelConfig& model,
                   record::Metrics& metrics);

// The rows that the experts of all ranks computed in the measured steps must be those that the
// forced routing chose for all ranks' tokens; returns the first difference, "" where there is none
// or the router decides. Collective over `world`.
std::string check_routing(const RoutingCounts& counts, const config::CellConfig& cell,
                          comm::Communicator& world, const data::DataSet& data);

}  // namespace moebench::train
