#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace moebench::outer {

// The word that makes of moebench the program that mpirun starts in place of ssh (plm_rsh_agent):
// `moebench agent-exec SOCKET HOST COMMAND...`.
inline constexpr const char* kAgentExec = "agent-exec";

// Runs a command on a host of the outer launcher's ranks, through rank 0's socket, as ssh would:
// the words are joined by blanks for the shell, output and exit code come back, and the command is
// ended where this process is. 255, with a message that names the host, where that is gone.
int agent_exec(const std::filesystem::path& socket, const std::string& host,
               const std::vector<std::string>& command);

}  // namespace moebench::outer
