#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "harness/launch/launcher.h"
#include "harness/record/record.h"

namespace moebench::launch {

struct ProbeRequest {
  std::filesystem::path worker;
  std::int64_t ranks = 2;
  std::int64_t threads_per_rank = 1;
  bool quick = false;
  LauncherChoice launcher = {};
  LaunchPlace place;
};

// Starts the worker's probe on all ranks at once and waits for it. One result a rank; nullopt when
// interrupted. Error with the ranks' words where it fails.
std::optional<std::vector<record::RankResult>> run_probe(const ProbeRequest& request);

}  // namespace moebench::launch
