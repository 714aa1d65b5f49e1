#pragma once

#include "tools/moebench/options.h"

namespace moebench::cli {

// Runs a command; its exit code. With --launcher env rank 0 of the outer launcher does, and the
// other ranks wait for it (outer/run_as_rank.h).
int run_given(const Command& command);

}  // namespace moebench::cli
