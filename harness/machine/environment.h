#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace moebench::machine {

// Holds what was true of this program's build and of its host when the run started.
struct MachineFacts {
  std::string version;     // moebench's
  std::string git_sha;     // "unknown" outside a git checkout
  std::string git_dirty;   // "true", "false" or "unknown"
  std::string compiler;    // name and version
  std::string build_type;  // CMake's
  bool sanitized = false;
  std::string host;  // its name
  std::string cpu_model;
  int cores_online = 0;
  int cores_allowed = 0;  // by the affinity mask
  std::int64_t memory_total_bytes = 0;
  std::int64_t swap_used_bytes = 0;
  std::string governor;                // empty where the kernel shows none
  std::optional<double> load_average;  // of the last minute, before the first cell
  std::string kernel;
  std::string transparent_hugepages;  // the chosen setting
  std::optional<double> cpu_quota;    // cores that the control group allows; nullopt: no limit
};
MachineFacts read_machine_facts();

// Cores that this process may use, by its affinity mask.
int count_allowed_cores();

// "0.1.0 (git 1234abcd, dirty)".
std::string version_text();

record::Environment to_environment(const MachineFacts& facts);

// Returns what a rank reports of its own build and host, so that what was measured says what it
// was. Load and swap stay out, since the ranks' own work moves them.
record::Environment rank_environment();

// The driver's facts under names of their own, "driver_compiler", since its build and its host need
// not be those of the ranks.
record::Environment driver_environment(const MachineFacts& facts);

// Says what a reader should know of a build, by the entries of a rank or a record: that it is not
// optimised, or built with sanitizers.
std::vector<std::string> build_warnings(const record::Environment& environment);

// Says what a run asks of this machine.
struct Demand {
  std::int64_t ranks = 1;
  std::int64_t threads_per_rank = 1;
  bool elsewhere = false;  // the ranks may run on other machines, whose cores nobody can count here
};

// Says what a reader of this run's numbers should know: a busy machine, a slow governor, more
// threads than cores.
std::vector<std::string> environment_warnings(const MachineFacts& facts, const Demand& demand);

}  // namespace moebench::machine
