#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace moebench {

// The running program's file, by the kernel: it may have been started by a name in PATH.
std::filesystem::path own_program();

// The folder that holds the running program's folder: /usr of /usr/bin/moebench, or a build folder.
std::filesystem::path program_prefix();

// A folder of the suite's own files, "scenarios" or "tools": below share/moebench of
// program_prefix(), where a build folder has links into its source tree. nullopt where there is
// none, as where only the program was copied.
std::optional<std::filesystem::path> suite_folder(const std::string& name);

// The user's folder of what tools/setup unpacks, $XDG_CACHE_HOME/moebench or ~/.cache/moebench,
// which need not exist; nullopt where there is no home either.
std::optional<std::filesystem::path> user_cache();

}  // namespace moebench
