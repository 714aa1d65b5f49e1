#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::reports {

// A YAML document for each cell of each scenario, of the kind that model zoos publish: what ran by
// which command of which commit on which machine, what was measured with its spread over the
// repetitions, and whether it holds. reports/card.schema.json describes it. Text is quoted as in
// JSON, so that nothing in it has a meaning for YAML.
std::string print_cards(const std::vector<record::CellRecord>& records);

}  // namespace moebench::reports
