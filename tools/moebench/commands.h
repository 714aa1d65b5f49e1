#pragma once

#include <vector>

#include "harness/record/record.h"
#include "harness/session/pair_session.h"
#include "reports/write/document.h"
#include "tools/moebench/options.h"

namespace moebench::cli {

// Each returns the exit code; what is wrong with the user's words or files is an Error.
int run_command(const ListOptions& options);
int run_command(const RunOptions& options);
int run_command(const ProfileOptions& options);
int run_command(const VerifyResumeOptions& options);
int run_command(const ReportOptions& options);
int run_command(const LoadOptions& options);
int run_command(const MakeCheckpointOptions& options);
int run_command(const DoctorOptions& options);
inline int run_command(const GateCommand& command) {
  return std::visit([](const auto& options) { return run_command(options); }, command);
}

// A session of pairs that shows its progress on stderr.
session::PairSession start_session(const LauncherOptions& launcher,
                                   const std::string& command_line);
// Runs it; the exit code.
int run_session(session::PairSession pairs);

// The table that `power` prints and `calibrate` ends with.
reports::Document power_document(const PowerOptions& options);

struct RunOutcome {
  int exit_code = kExitOk;
  std::vector<record::CellRecord> records;  // of the planned repetitions, in the file's order
};

// What `run` does but for printing the records; there are none after an interruption.
RunOutcome run_cells(const RunOptions& options);

}  // namespace moebench::cli
