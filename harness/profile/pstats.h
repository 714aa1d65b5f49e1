#pragma once

#include <string>

#include "harness/profile/call_table.h"

namespace moebench::profile {

// The table as Python's pstats loads it: the marshalled dictionary
//   {(file, line, function): (primitive calls, calls, own s, cumulative s, callers)}
// with callers {(file, line, function): (calls, primitive calls, own s, cumulative s)}, in which
// operations are ("~", 0, name) as Python's built-in functions are, phases ("moebench", 0, phase),
// and the steps that hold the phases ("moebench", 0, "step"). Phases of one operation are merged,
// and remain apart as its callers.
// The format is that of Python's marshal module: Python/marshal.c, versions 2 and up read it.
std::string to_pstats(const CallTable& table, std::int64_t num_steps);

}  // namespace moebench::profile
