#pragma once

#include "harness/train/worker.h"

namespace moebench {

// Adds a fault, for tests of what a user sees when a rank fails or computes something else. Without
// the variable MOEBENCH_TEST_FAULT it changes nothing; throws Error where that has no such form:
//   "<kind>@<rank>:<step>" with kind kill (SIGKILL), abort (SIGABRT), segv (SIGSEGV), exit (exit
//     code 7), hang, throw or oom: that rank fails before that step, warm-up included, counted from
//     0;
//   "<kind>@<rank>:<step>/<stage>": the same, while it saves the checkpoint of that step, at a
//     checkpoint::Stage;
//   "swap@<rank>:<layer>": that rank takes the weights of experts 0 and 1 of that layer for each
//     other's;
//   "slow@<rank>:<percent>": that rank takes so much longer for each measured step.
void add_fault_from_environment(int rank, train::WorkerOptions& options);

}  // namespace moebench
