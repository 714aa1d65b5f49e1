#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/names.h"

// Slurm by its own commands: sbatch, squeue and sacct.
namespace moebench::cluster {

// Hands a script to sbatch; returns the job's number. Error with what sbatch said where it refuses,
// or is not installed.
std::string submit(const std::filesystem::path& script);

enum class JobPhase { kQueued, kRunning, kEnded };
constexpr auto names_of(JobPhase) {
  return name_table<JobPhase>({{JobPhase::kQueued, "queued"},
                               {JobPhase::kRunning, "running"},
                               {JobPhase::kEnded, "ended"}});
}

// What Slurm says of a job, or of a task of an array.
struct TaskState {
  int index = -1;  // in the array; -1: it is none
  JobPhase phase = JobPhase::kEnded;
  std::string word{};    // Slurm's: PENDING, NODE_FAIL, ...
  std::string reason{};  // why it waits, or ended so; empty: none
  std::string nodes{};
  std::string elapsed{};  // that it has run, "1:02"

  bool operator==(const TaskState&) const = default;
};

// What could be found out of a job.
struct JobAnswer {
  enum class Kind {
    kKnown,      // `tasks` has all that there are
    kForgotten,  // it has ended, and how is not kept
    kNobody,     // there is neither squeue nor sacct here
    kNoAnswer,   // they cannot tell now
  };
  Kind kind = Kind::kNobody;
  std::vector<TaskState> tasks{};
  std::string complaint{};  // of kNoAnswer
};
JobAnswer ask_job(const std::string& job);

// Lines of `squeue --noheader --array --states=all --format=%i|%T|%r|%N|%M` and of `sacct
// --noheader --parsable2 --allocations --format=JobID,State,Reason,NodeList,Elapsed`. What is no
// such line is left out.
std::vector<TaskState> parse_tasks(std::string_view lines);

}  // namespace moebench::cluster
