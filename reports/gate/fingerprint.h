#pragma once

#include <string>

#include "harness/record/record.h"

namespace moebench::gate {

// What numbers depend on and what stays while a machine does: no clock, no load, no date.
record::Environment machine_fingerprint(const record::Environment& environment);

// The same with library versions and build flags.
record::Environment fingerprint(const record::Environment& environment);

// "cpu_model is 'A', not 'B'; ...": how the first differs from the second; "" where it does not.
std::string difference(const record::Environment& fingerprint, const record::Environment& expected);

}  // namespace moebench::gate
