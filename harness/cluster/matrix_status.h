#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/base/names.h"
#include "harness/cluster/slurm.h"
#include "harness/record/jobs.h"
#include "harness/record/record.h"

namespace moebench::cluster {

enum class CellState { kDone, kRunning, kQueued, kFailed, kMissing, kUnknown };
constexpr auto names_of(CellState) {
  return name_table<CellState>({{CellState::kDone, "done"},
                                {CellState::kRunning, "running"},
                                {CellState::kQueued, "queued"},
                                {CellState::kFailed, "failed"},
                                {CellState::kMissing, "missing"},
                                {CellState::kUnknown, "not known"}});
}

struct CellStatus {
  record::SubmittedCell cell{};
  CellState state = CellState::kMissing;
  int num_ok = 0;      // repetitions on record, of the cell's
  std::string job{};   // "12" or "12_3": whose it was last; empty: of none, it was complete
  std::string note{};  // what it waits for, how it failed, or what became of its job
};

struct JobStatus {
  std::string job;
  TaskState task{};
  std::size_t num_cells = 0;
};

// What became of a matrix that was submitted.
struct MatrixStatus {
  std::vector<CellStatus> cells{};
  std::vector<JobStatus> jobs{};  // of the last submission, and of those before what is not over
  std::vector<std::string> notes{};
  JobAnswer::Kind answer = JobAnswer::Kind::kKnown;  // of the last submission's job

  bool is_known() const {
    return answer == JobAnswer::Kind::kKnown || answer == JobAnswer::Kind::kForgotten;
  }
  bool is_over() const;      // it is known that nothing is queued or runs
  bool is_complete() const;  // every cell is done
};

using AskJob = std::function<JobAnswer(const std::string& job)>;

// By a folder's jobs, its records and what Slurm says. A cell is the business of the job that had
// it last. Without anybody to ask, the records alone say what is done or failed.
MatrixStatus matrix_status(const std::filesystem::path& results_folder,
                           const std::vector<record::Submission>& submissions,
                           const std::vector<record::CellRecord>& records, const AskJob& ask);

}  // namespace moebench::cluster
