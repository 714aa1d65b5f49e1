#pragma once

#include <vector>

#include "harness/record/record.h"
#include "harness/session/cell_session.h"
#include "harness/session/pair_session.h"
#include "reports/write/document.h"
#include "tools/moebench/options.h"

namespace moebench::cli {

// Each returns the exit code; what is wrong with the user's words or files is an Error.
int run_command(const ListArguments& options);
int run_command(const RunArguments& options);
int run_command(const SubmitArguments& options);
int run_command(const StatusArguments& options);
int run_command(const ProfileArguments& options);
int run_command(const VerifyResumeArguments& options);
int run_command(const ReportArguments& options);
int run_command(const DiffArguments& options);
int run_command(const CrossoverArguments& options);
int run_command(const AdoptArguments& options);
int run_command(const ImportArguments& options);
int run_command(const LoadArguments& options);
int run_command(const MakeCheckpointArguments& options);
int run_command(const DoctorArguments& options);
int run_command(const ModelsArguments& options);
int run_command(const ScenariosArguments& options);
int run_command(const CompletionArguments& options);
int run_command(const ManArguments& options);
inline int run_command(const SuiteCommand& command) {
  return std::visit([](const auto& options) { return run_command(options); }, command);
}
inline int run_command(const GateCommand& command) {
  return std::visit([](const auto& options) { return run_command(options); }, command);
}

// A session of pairs that shows its progress on stderr.
session::PairSession start_session(const LauncherOptions& launcher, const ProgressOptions& progress,
                                   const std::string& command_line);
// Runs it; the exit code.
int run_session(session::PairSession pairs);

// The table that `power` prints and `calibrate` ends with.
reports::Document power_document(const PowerArguments& options);

// The session that `run` would run.
session::CellSession cell_session(const RunArguments& options);

struct RunOutcome {
  int exit_code = kExitOk;
  std::vector<record::CellRecord> records;  // of the planned repetitions, in the file's order
};

// What `run` does but for printing the records; there are none after an interruption.
RunOutcome run_cells(const RunArguments& options);

}  // namespace moebench::cli
