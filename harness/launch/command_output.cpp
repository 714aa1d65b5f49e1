#include "harness/launch/command_output.h"

#include "harness/base/file.h"
#include "harness/base/temporary_folder.h"
#include "harness/launch/process.h"

namespace moebench::launch {

CommandOutput command_output(const std::vector<std::string>& command, double time_limit_s) {
  const TemporaryFolder folder("moebench-command");
  ProcessOptions process;
  process.command = command;
  process.stdout_path = folder.path() / "stdout";
  process.stderr_path = folder.path() / "stderr";
  process.time_limit_s = time_limit_s;
  const ProcessResult result = run_process(process);
  return {.exit_code = result.signal == 0 ? result.exit_code : 128 + result.signal,
          .timed_out = result.timed_out,
          .out = read_file(process.stdout_path),
          .err = read_file(process.stderr_path)};
}

}  // namespace moebench::launch
