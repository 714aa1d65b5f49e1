#pragma once

#include "reports/write/cells.h"
#include "reports/write/document.h"

namespace moebench::reports {

// Tells whether the scenario's cells measure how weights are loaded.
bool is_loading(const ScenarioCells& scenario);

// Adds what such a scenario shows below its heading: how long each load took, against the cell of
// loader concat with otherwise the same axes; where the time went; notes.
void add_loading(Document& document, const ScenarioCells& scenario);

// Tables in the order of Python's pstats (ncalls tottime percall cumtime percall name) of the
// functions that fms-acceleration's load profile names, one for each ok cell.
void add_load_profiles(Document& document, const ScenarioCells& scenario);

}  // namespace moebench::reports
