#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/cluster/job_shape.h"

namespace moebench::cluster {

// Of an array of jobs: which tasks there are, of how many groups.
struct JobArray {
  std::vector<int> tasks;  // rising
  int groups = 1;
};

// A job of Slurm that runs a matrix, or the groups of it.
struct SbatchJob {
  std::string name;
  std::string remark;  // what it runs, on one line
  JobShape shape;
  std::string time;  // as sbatch takes it
  std::string partition{};
  std::string account{};
  std::vector<std::string> more{};   // options, "--mem=0": behind ours, so that they count
  std::filesystem::path folder;      // of the results: absolute
  std::vector<std::string> command;  // absolute paths
  std::optional<JobArray> array{};   // its tasks get --group
};

// The script for sbatch. What the job prints goes to slurm-<job>.out in the folder. It may be
// requeued: what is on record already is not run again. Error where one of `more` is no option, or
// one that is ours.
std::string sbatch_script(const SbatchJob& job);

// "1-02:03:00": whole minutes, rounded up.
std::string slurm_time(double seconds);

// "0-2,7"
std::string array_ranges(const std::vector<int>& tasks);

}  // namespace moebench::cluster
