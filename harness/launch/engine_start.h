#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/launch/launcher.h"

namespace moebench::launch {

// What a cell of another engine starts in `folder`, that of the repetition: its command where that
// starts the ranks; else our launcher with the command as one rank, which gets RANK, LOCAL_RANK,
// WORLD_SIZE, LOCAL_WORLD_SIZE, NODE_RANK, MASTER_ADDR and MASTER_PORT by a script that stands in
// the folder then. MOEBENCH_EVENTS names the files of events either way.
struct EngineStart {
  LaunchCommand launch;
  std::string rank_script{};  // content of rank.sh; empty where the command starts the ranks
};
EngineStart engine_start(const config::CellConfig& cell, const std::filesystem::path& folder,
                         int port, const LauncherChoice& choice,
                         const EnvironmentVariables& environment, const LaunchPlace& place);

// A port of this host that nothing listens on now.
int free_port();

// Throws Error, with the remedy, where the engine's program or that of its version command is no
// executable file, or in no folder of PATH.
void check_engine(const config::EngineConfig& engine);

// What the engine's version command prints, on one line; each is run once in a process. ""
// without such a command. Throws Error where it fails.
std::string engine_version(const config::EngineConfig& engine);

// Which program an engine is, `worker_hash` of its records: a hash of its version and of every file
// that its command names.
std::string engine_hash(const config::EngineConfig& engine);

}  // namespace moebench::launch
