#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/launch/process.h"

// Whether a worker's shared libraries are found, asked before it is started: a rank that the
// dynamic linker ends says no more than exit code 127.
namespace moebench::launch {

// Names of the shared libraries that `ldd` does not find for the program with these folders, joined
// by colons, as LD_LIBRARY_PATH; empty: with what the driver's own says. None of a script.
std::vector<std::string> missing_libraries(const std::filesystem::path& program,
                                           const std::string& library_path = "");

// What a rank's environment must have for `worker` to find libtorch: nothing where it does so by
// itself (beside it, where its build said, in the system's folders), else LD_LIBRARY_PATH with the
// folders of MOEBENCH_TORCH_ROOT, or of what tools/setup unpacked into the user's cache folder.
// Error with the remedy where a library is missing all the same. Asked once of each worker.
EnvironmentVariables library_environment(const std::filesystem::path& worker);

}  // namespace moebench::launch
