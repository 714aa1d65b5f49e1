#pragma once

#include <string>

#include "harness/record/record.h"

namespace moebench::compare {

// Returns what numbers depend on and what stays while a machine does: no clock, no load, no date.
// It is of the ranks' machine, or where they do not say (a worker of before), of the driver's.
record::Environment machine_fingerprint(const record::Environment& environment);

// Returns the same of the driver's machine, as far as the driver knows it before anything has run.
// Older records have the driver's facts under the names that are the ranks' today.
record::Environment driver_fingerprint(const record::Environment& environment);

// Returns the same with library versions and build flags.
record::Environment fingerprint(const record::Environment& environment);

// "cpu_model is 'A', not 'B'; ...": how the first differs from the second; "" where it does not.
std::string difference(const record::Environment& fingerprint, const record::Environment& expected);

}  // namespace moebench::compare
