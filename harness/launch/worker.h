#pragma once

#include <filesystem>
#include <string>

namespace moebench::launch {

// The worker beside the driver, or what MOEBENCH_RANK_PROGRAM names. Error with the remedy where
// it is not an executable file, or needs a library that is not there (libraries.h).
std::filesystem::path find_worker();

// Returns `worker`, which is an executable file, where it finds its libraries.
std::filesystem::path checked_worker(const std::filesystem::path& worker);

// Which program a worker is: a hash of its file.
std::string worker_hash(const std::filesystem::path& worker);

}  // namespace moebench::launch
