#pragma once

#include <vector>

#include "harness/config/cell.h"
#include "harness/record/record.h"

namespace moebench::session {

// The scenarios that have a cell, as records hold them: those that a plan asks for, in their file's
// order.
std::vector<record::ScenarioPlace> asked_places(const config::CellConfig& cell);

// The same and those `before`, which the cell's record had: of other files, at their places, and of
// this one what it still has, in its order. So a renamed scenario loses its old name, and no other
// one its rows.
std::vector<record::ScenarioPlace> all_places(const config::CellConfig& cell,
                                              const std::vector<record::ScenarioPlace>& before);

// What the scenario file says of a recorded cell now: its scenarios, and how its model is called.
// False where the record says that already.
bool update_names(const config::CellConfig& cell, record::CellRecord& record);

}  // namespace moebench::session
