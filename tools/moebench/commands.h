#pragma once

#include "tools/moebench/options.h"

namespace moebench::cli {

// Each returns the exit code; what is wrong with the user's words or files is an Error.
int run_command(const ListOptions& options);
int run_command(const RunOptions& options);
int run_command(const VerifyResumeOptions& options);
int run_command(const ReportOptions& options);
int run_command(const MakeCheckpointOptions& options);
int run_command(const DoctorOptions& options);

}  // namespace moebench::cli
