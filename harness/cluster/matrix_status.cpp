#include "harness/cluster/matrix_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/session/today.h"

namespace moebench::cluster {
namespace {

namespace fs = std::filesystem;
using record::CellRecord;
using record::Submission;

// Whose a cell was last.
struct Owner {
  const Submission* submission = nullptr;
  int index = -1;  // of its task
};

// All cells that were ever submitted, as the last submission has them, and whose they are.
struct Matrix {
  std::vector<record::SubmittedCell> cells;
  std::map<std::string, Owner> owners;
};

Matrix matrix_of(const std::vector<Submission>& submissions) {
  Matrix matrix;
  std::map<std::string, std::size_t> places;
  for (const Submission& submission : submissions) {
    for (const record::SubmittedCell& cell : submission.cells) {
      const auto [place, is_new] = places.emplace(cell.id, matrix.cells.size());
      if (is_new) matrix.cells.emplace_back();
      matrix.cells[place->second] = cell;
    }
    for (const record::SubmittedTask& task : submission.tasks) {
      for (const std::string& id : task.cells) matrix.owners[id] = {&submission, task.index};
    }
  }
  return matrix;
}

// What the records say of a cell's repetitions.
struct Counts {
  int num_ok = 0;
  int num_ok_since = 0;                 // that began after its job was submitted
  const CellRecord* failure = nullptr;  // that is not known, the first
  bool is_failure_since = false;
};

bool is_excused(const CellRecord& record) {
  return record.known_failure && record.known_failure->is_active(session::today());
}

Counts count(const record::SubmittedCell& cell, const std::vector<const CellRecord*>& records,
             const std::string& since) {
  Counts counts;
  for (const CellRecord* record : records) {
    const bool is_since = record->started_at >= since;
    if (record->disposition == record::Disposition::kOk || is_excused(*record)) {
      ++counts.num_ok;
      counts.num_ok_since += is_since ? 1 : 0;
    } else if (counts.failure == nullptr && record->repetition < cell.repetitions) {
      counts.failure = record;
      counts.is_failure_since = is_since;
    }
  }
  return counts;
}

// Whether the repetition that is next has begun: its folder is there.
bool has_begun(const fs::path& results_folder, const std::string& id, std::size_t num_records) {
  std::error_code none;
  return fs::exists(results_folder / "cells" / id / std::to_string(num_records), none);
}

class Statuses {
 public:
  Statuses(const fs::path& results_folder, const std::vector<CellRecord>& records,
           const AskJob& ask)
      : folder_(results_folder), ask_(ask) {
    for (const CellRecord& record : records) records_[record.id].push_back(&record);
  }

  CellStatus of(const record::SubmittedCell& cell, const Owner& owner) {
    const auto& records = records_[cell.id];
    CellStatus status = {.cell = cell};
    const bool is_owned = owner.submission != nullptr;
    const Counts counts = count(cell, records, is_owned ? owner.submission->submitted_at : "");
    status.num_ok = counts.num_ok;
    const TaskState* task = is_owned ? task_of(*owner.submission, owner.index) : nullptr;
    if (is_owned) status.job = name_of(*owner.submission, owner.index);
    const bool goes_on = task != nullptr && task->phase != JobPhase::kEnded;
    const bool is_done =
        counts.num_ok >= cell.repetitions && (!goes_on || counts.num_ok_since >= cell.pending);
    if (is_done) {
      status.state = CellState::kDone;
    } else if (counts.failure != nullptr && (!goes_on || counts.is_failure_since)) {
      status.state = CellState::kFailed;
      status.note = to_string(counts.failure->disposition);
    } else if (goes_on) {
      const bool runs =
          task->phase == JobPhase::kRunning && has_begun(folder_, cell.id, records.size());
      status.state = runs ? CellState::kRunning : CellState::kQueued;
      if (!runs)
        status.note = task->phase == JobPhase::kRunning ? "in a running job" : task->reason;
    } else if (task != nullptr) {
      status.note = fmt::format("its job is {}; log: {}", task->word,
                                (folder_ / ("slurm-" + status.job + ".out")).string());
    } else if (is_owned && !knows(*owner.submission)) {
      status.state = CellState::kUnknown;
    }
    return status;
  }

  // Of a submission's task; null where nobody knows, or Slurm knows none.
  const TaskState* task_of(const Submission& submission, int index) {
    const JobAnswer& answer = answer_of(submission.job);
    const auto found = std::ranges::find(answer.tasks, index, &TaskState::index);
    return found == answer.tasks.end() ? nullptr : &*found;
  }

  const JobAnswer& answer_of(const std::string& job) {
    const auto found = answers_.find(job);
    return found != answers_.end() ? found->second : answers_[job] = ask_(job);
  }

  bool knows(const Submission& submission) {
    const JobAnswer::Kind kind = answer_of(submission.job).kind;
    return kind == JobAnswer::Kind::kKnown || kind == JobAnswer::Kind::kForgotten;
  }

  static std::string name_of(const Submission& submission, int index) {
    return index < 0 ? submission.job : fmt::format("{}_{}", submission.job, index);
  }

 private:
  const fs::path& folder_;
  const AskJob& ask_;
  std::map<std::string, std::vector<const CellRecord*>> records_;
  std::map<std::string, JobAnswer> answers_;
};

void note(const std::string& job, const JobAnswer& answer, MatrixStatus& matrix) {
  matrix.answer = answer.kind;
  switch (answer.kind) {
    case JobAnswer::Kind::kKnown:
      return;
    case JobAnswer::Kind::kForgotten:
      matrix.notes.push_back(
          fmt::format("job {} has ended; how, Slurm does not keep (no accounting)", job));
      return;
    case JobAnswer::Kind::kNobody:
      matrix.notes.push_back(fmt::format(
          "job {}: neither squeue nor sacct is in PATH; the records alone are told", job));
      return;
    case JobAnswer::Kind::kNoAnswer:
      matrix.notes.push_back(fmt::format("job {}: {}", job, answer.complaint));
      return;
  }
}

void add_jobs(const Submission& submission, bool is_last, Statuses& statuses,
              MatrixStatus& matrix) {
  const JobAnswer& answer = statuses.answer_of(submission.job);
  if (is_last) note(submission.job, answer, matrix);
  for (const record::SubmittedTask& task : submission.tasks) {
    const TaskState* state = statuses.task_of(submission, task.index);
    if (state == nullptr || (!is_last && state->phase == JobPhase::kEnded)) continue;
    matrix.jobs.push_back({Statuses::name_of(submission, task.index), *state, task.cells.size()});
  }
}

}  // namespace

bool MatrixStatus::is_over() const {
  return is_known() && std::ranges::all_of(jobs, [](const JobStatus& job) {
           return job.task.phase == JobPhase::kEnded;
         });
}

bool MatrixStatus::is_complete() const {
  return std::ranges::all_of(cells,
                             [](const CellStatus& cell) { return cell.state == CellState::kDone; });
}

MatrixStatus matrix_status(const fs::path& results_folder,
                           const std::vector<Submission>& submissions,
                           const std::vector<CellRecord>& records, const AskJob& ask) {
  MatrixStatus matrix;
  Statuses statuses(results_folder, records, ask);
  const Matrix submitted = matrix_of(submissions);
  for (const record::SubmittedCell& cell : submitted.cells) {
    const auto owner = submitted.owners.find(cell.id);
    matrix.cells.push_back(
        statuses.of(cell, owner == submitted.owners.end() ? Owner() : owner->second));
  }
  for (const Submission& submission : submissions) {
    add_jobs(submission, &submission == &submissions.back(), statuses, matrix);
  }
  return matrix;
}

}  // namespace moebench::cluster
