#pragma once

#include <filesystem>
#include <string>

#include "harness/base/temporary_folder.h"
#include "harness/record/record.h"

namespace moebench {

// Writes a shell script that keeps the worker's contract without training, for tests.
class FakeWorker {
 public:
  // Makes `folder` and the script in it; results are those of `good_result` with `steps` steps.
  FakeWorker(const std::filesystem::path& folder, int steps);

  // Sets what the last rank does from now on:
  //   ok         leaves a result, exits 0
  //   crash      writes to stderr, leaves no result, exits 7; lost: says nothing, exits 127
  //   silent     leaves no result, exits 0
  //   partial    leaves a result without loss, exits 0
  //   garbage    leaves a file that is no JSON, exits 0
  //   memory     leaves a result that says out_of_memory, exits 1
  //   moved      leaves a result, of another machine in repetition 1, exits 0
  //   kill       kills itself with SIGKILL
  //   stop       stops for ever, after its first line of progress
  //   mute       stops for ever, before it
  //   broken     exits 7, before it
  //   hang       starts a process in a session of its own and sleeps for ten minutes
  void set_mode(const std::string& mode);

  // The mode applies only to cells whose cell.yaml holds a line with this text; others are ok.
  void set_only_for(const std::string& text);

  // Becomes another program, which does the same.
  void rebuild();

  std::filesystem::path program() const { return folder_ / "worker.sh"; }

  // Counts the sleepers of mode hang that are alive.
  int count_sleepers() const;

 private:
  std::filesystem::path folder_;
  std::string naptime_;
};

// All metrics that a record needs: `steps` steps, rank r takes (r + 1) x 100 ns for each and has
// 10 x (r + 1) real and 5 padding tokens.
record::RankResult good_result(int rank, int world_size, int steps);

// Returns what a rank's probe measures.
record::RankResult probe_result(int rank, int world_size);

// A number of seconds, about ten minutes, that no other process of this machine is likely to sleep.
std::string unusual_naptime();

}  // namespace moebench
