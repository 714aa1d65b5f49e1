#pragma once

#include <cstdint>
#include <functional>

namespace moebench {

// For tests of what a user sees when a rank fails: MOEBENCH_TEST_FAULT="<kind>@<rank>:<step>" with
// kind kill (SIGKILL), exit (exit code 7), hang, throw or oom makes that rank fail before that
// step, warm-up included, counted from 0. Without the variable the function does nothing. Error
// where the variable is not of that form.
std::function<void(std::int64_t step)> fault_from_environment(int rank);

}  // namespace moebench
