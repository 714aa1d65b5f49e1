#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"
#include "reports/write/document.h"

namespace moebench::crossover {

// The map of each scenario of the records, after check_agreement (write/agreement.h): sentences,
// the gains by place, where arms are equal, a picture, its numbers, and what failed. `against` as
// for map_of. Error where there are no records, or none of the scenarios has a map.
reports::Document crossover_document(std::vector<record::CellRecord> records,
                                     const std::string& against = "");

}  // namespace moebench::crossover
