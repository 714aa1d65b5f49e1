#pragma once

#include "harness/launch/display.h"

namespace moebench::cli {

// Says how much is told of runs, as typed; not both.
struct ProgressOptions {
  bool is_quiet = false;
  bool is_verbose = false;

  launch::Verbosity verbosity() const {
    if (is_quiet) return launch::Verbosity::kQuiet;
    return is_verbose ? launch::Verbosity::kVerbose : launch::Verbosity::kNormal;
  }
};

}  // namespace moebench::cli
